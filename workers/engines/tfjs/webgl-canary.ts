/** Checks whether a WebGL context still computes. */
export type Canary = () => boolean;

/**
 * A probe that writes a pixel to the GPU and reads it back. A context whose GPU process has died keeps answering
 * for a while: fences pass, `getError` is clean and every read returns zeros, before `isContextLost` and
 * `webglcontextlost` report the loss (seen in Chromium). A pixel that is read back as it was written proves that earlier
 * reads were real. The probe costs one round trip, well under a millisecond on a GPU.
 */
export function createCanary(gl: WebGL2RenderingContext): Canary {
  const texture = gl.createTexture();
  const framebuffer = gl.createFramebuffer();
  withBindings(gl, () => {
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 1, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  });
  let count = 0;
  return () => {
    if (gl.isContextLost()) return false;
    // The value changes each time, because a pixel left over from the last probe proves nothing.
    count = (count % 255) + 1;
    const sent = Uint8Array.of(count, 255 - count, 85, 170);
    const received = new Uint8Array(4);
    withBindings(gl, () => {
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, sent);
      gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, received);
    });
    return !gl.isContextLost() && received.every((byte, index) => byte === sent[index]);
  };
}

/** Restore the bindings afterwards, because TF.js relies on them. */
function withBindings(gl: WebGL2RenderingContext, run: () => void): void {
  const texture = gl.getParameter(gl.TEXTURE_BINDING_2D) as WebGLTexture | null;
  const framebuffer = gl.getParameter(gl.FRAMEBUFFER_BINDING) as WebGLFramebuffer | null;
  run();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
}
