# SPDX-License-Identifier: Apache-2.0
"""Bicubic resampling by two, luma conversion, PSNR and SSIM.

The low-resolution pictures have to be made the way the super-resolution
literature makes them, or the numbers cannot be compared: cubic kernel with
a = -0.5, stretched by the factor when shrinking (so it also low-passes),
mirrored borders, result rounded to 8 bits.  This is what MATLAB's imresize
does by default.  Everything works on float64/float32 arrays (H, W) or (H, W, C).
"""
import numpy as np


def cubic(x):
    """Keys' cubic convolution kernel with a = -0.5."""
    x = np.abs(np.asarray(x, dtype=np.float64))
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def _down_axis(img, axis):
    """Halve one axis.  Output i sits at input 2i + 0.5, so eight taps reach it."""
    taps = cubic((np.arange(8) - 3.5) / 2)
    taps = taps / taps.sum()
    n = img.shape[axis]
    pad = [(0, 0)] * img.ndim
    pad[axis] = (3, 4)
    padded = np.pad(img, pad, mode="symmetric")
    count = (n + 1) // 2
    out = 0
    for k, w in enumerate(taps):
        index = [slice(None)] * img.ndim
        index[axis] = slice(k, k + 2 * count - 1, 2)
        out = out + w * padded[tuple(index)]
    return out


# Interpolation taps for the two output phases: the first sits a quarter pixel
# before the input pixel and uses pixels -2..1, the second after it, -1..2.
PHASE_TAPS = np.stack([
    np.append(cubic([1.75, 0.75, 0.25, 1.25]), 0.0),
    np.insert(cubic([1.25, 0.25, 0.75, 1.75]), 0, 0.0),
])  # rows: phase; columns: offsets -2..2


def _up_axis(img, axis, mode):
    pad = [(0, 0)] * img.ndim
    pad[axis] = (2, 2)
    padded = np.pad(img, pad, mode=mode)
    n = img.shape[axis]
    phases = []
    for p in range(2):
        acc = 0
        for k in range(5):
            index = [slice(None)] * img.ndim
            index[axis] = slice(k, k + n)
            acc = acc + PHASE_TAPS[p, k] * padded[tuple(index)]
        phases.append(acc)
    stacked = np.stack(phases, axis=axis + 1)
    shape = list(img.shape)
    shape[axis] = 2 * n
    return stacked.reshape(shape)


def bicubic_down(img):
    """Antialiased bicubic reduction by two (no rounding)."""
    return _down_axis(_down_axis(np.asarray(img, dtype=np.float64), 0), 1)


def bicubic_up(img, mode="symmetric"):
    """Bicubic enlargement by two (no rounding, no clipping)."""
    return _up_axis(_up_axis(np.asarray(img, dtype=np.float64), 0, mode), 1, mode)


def to_uint8(img):
    """Round half up and clip, as an 8-bit file would store it."""
    return np.clip(np.floor(np.asarray(img) + 0.5), 0, 255).astype(np.uint8)


def degrade(hr):
    """Reduce an 8-bit high-resolution picture to the 8-bit low-resolution one."""
    return to_uint8(bicubic_down(hr))


def luma(rgb):
    """Full-range luma of an RGB picture, same scale as the input."""
    return np.asarray(rgb, dtype=np.float64) @ np.array([0.299, 0.587, 0.114])


def luma_bt601(rgb255):
    """BT.601 studio-swing luma (16..235) of an RGB picture in 0..255."""
    rgb = np.asarray(rgb255, dtype=np.float64)
    return 16.0 + rgb @ np.array([65.481, 128.553, 24.966]) / 255.0


def psnr(a, b, shave=2):
    """PSNR (peak 255) of two luma planes with a border left out."""
    d = (a - b)[shave:-shave, shave:-shave]
    return float(10 * np.log10(255.0**2 / max(np.mean(d**2), 1e-12)))


def ssim(a, b, shave=2):
    """SSIM with the usual 11x11 Gaussian window (sigma 1.5), valid area only."""
    a, b = a[shave:-shave, shave:-shave], b[shave:-shave, shave:-shave]
    g = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    g /= g.sum()

    def smooth(x):
        n0, n1 = x.shape[0] - 10, x.shape[1] - 10
        x = sum(w * x[k:k + n0] for k, w in enumerate(g))
        return sum(w * x[:, k:k + n1] for k, w in enumerate(g))

    ma, mb = smooth(a), smooth(b)
    va, vb = smooth(a * a) - ma * ma, smooth(b * b) - mb * mb
    cov = smooth(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(np.mean(((2 * ma * mb + c1) * (2 * cov + c2))
                         / ((ma**2 + mb**2 + c1) * (va + vb + c2))))
