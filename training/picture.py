# SPDX-License-Identifier: Apache-2.0
"""Finished training pictures: dead leaves plus what photographs also contain.

Adds fibres (hair, grass, cables), lettering and line art in modest shares, then
imitates a camera: lens blur, pixel integration, sometimes in-camera sharpening,
a little sensor noise, 8-bit rounding, sometimes JPEG.  All random choices come from one seed.
"""
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from degrade import bicubic_down, to_uint8
from leaves import Palette, dead_leaves

# Share of each kind in the training set.  Photographs are mostly edges and
# texture; graphics are kept rare so that they do not dominate the weights.
KINDS = {"leaves": 0.30, "textured": 0.32, "focus": 0.14, "fibres": 0.16, "graphics": 0.08}
GLYPHS = list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789&?!%.,:-")


def rgb(colour):
    return tuple(int(v) for v in np.clip(np.asarray(colour) * 255, 0, 255))


def fibres(canvas, rng, bundles):
    """Bundles of nearly parallel curves, each fibre a little different in tone."""
    size = canvas.shape[0]
    image = Image.fromarray(to_uint8(canvas * 255))
    draw = ImageDraw.Draw(image)
    for _ in range(bundles):
        base = Palette(rng).pick()
        n = int(rng.integers(6, 120))
        angle, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.006)
        spread = rng.uniform(0.05, 0.35) * size
        length = rng.uniform(0.15, 0.9) * size
        cx, cy = rng.uniform(0, size, 2)
        contrast = rng.uniform(0.03, 0.3)
        width = int(rng.integers(1, 6))
        t = np.linspace(0, length, 24)
        for _ in range(n):
            a = angle + rng.normal(0, 0.08)
            side = rng.normal(0, spread)
            theta = a + (bend + rng.normal(0, 0.0008)) * t
            x = cx - side * np.sin(angle) + np.cumsum(np.cos(theta)) * length / 24
            y = cy + side * np.cos(angle) + np.cumsum(np.sin(theta)) * length / 24
            draw.line(list(zip(x, y)), fill=rgb(base + rng.normal(0, contrast)),
                      width=max(1, width + int(rng.integers(-1, 2))), joint="curve")
    return np.asarray(image, dtype=np.float32) / 255


def graphics(canvas, rng, items):
    """Lettering, line art, polygons, stripes and checks."""
    size = canvas.shape[0]
    image = Image.fromarray(to_uint8(canvas * 255))
    palette = Palette(rng)
    for _ in range(items):
        draw = ImageDraw.Draw(image)
        what = rng.choice(["text", "text", "lines", "polygon", "stripes", "check"])
        ink = rgb(palette.pick())
        x, y = (int(v) for v in rng.uniform(-0.1, 0.85, 2) * size)
        if what == "text":
            word = "".join(rng.choice(GLYPHS, int(rng.integers(3, 16))))
            font = ImageFont.load_default(float(np.exp(rng.uniform(np.log(14), np.log(110)))))
            box = draw.textbbox((0, 0), word, font=font)
            plate = Image.new("L", (int(box[2]) + 4, int(box[3]) + 4), 0)
            ImageDraw.Draw(plate).text((2, 2), word, fill=255, font=font)
            plate = plate.rotate(rng.choice([0, 0, rng.uniform(-40, 40)]), Image.BICUBIC, expand=True)
            image.paste(ink, (x, y), plate)
        elif what == "lines":
            for _ in range(int(rng.integers(1, 8))):
                points = [tuple(p) for p in rng.uniform(0, size, (int(rng.integers(2, 5)), 2))]
                draw.line(points, fill=ink, width=int(rng.integers(1, 9)))
        elif what == "polygon":
            r = rng.uniform(0.05, 0.3) * size
            ang = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8))))
            draw.polygon([(x + r * np.cos(a), y + r * np.sin(a)) for a in ang], fill=ink)
        else:
            n, step = int(rng.integers(60, 260)), float(rng.uniform(6, 40))
            gy, gx = np.mgrid[0:n, 0:n].astype(np.float32)
            a = rng.uniform(0, np.pi)
            wave = np.sin((np.cos(a) * gx + np.sin(a) * gy) * 2 * np.pi / step)
            if what == "check":
                wave = wave * np.sin((np.cos(a) * gy - np.sin(a) * gx) * 2 * np.pi / step)
            plate = np.clip(wave * step / 4 + 0.5, 0, 1) * 255
            image.paste(ink, (x, y), Image.fromarray(plate.astype(np.uint8)))
    return np.asarray(image, dtype=np.float32) / 255


def blur(img, sigma):
    """Separable Gaussian blur with mirrored borders."""
    if sigma < 0.15:
        return img
    r = max(1, int(np.ceil(3 * sigma)))
    g = np.exp(-np.arange(-r, r + 1) ** 2 / (2 * sigma**2)).astype(np.float32)
    g /= g.sum()
    for axis in (0, 1):
        pad = [(0, 0)] * img.ndim
        pad[axis] = (r, r)
        p, n = np.pad(img, pad, mode="symmetric"), img.shape[axis]
        img = sum(w * (p[k:k + n] if axis == 0 else p[:, k:k + n]) for k, w in enumerate(g))
    return img


def camera(canvas, rng):
    """Turn a canvas of twice the size into an 8-bit picture."""
    if rng.random() < 0.7:
        canvas = blur(canvas, 2 * rng.uniform(0.0, 0.9))
    elif rng.random() < 0.35:
        canvas = blur(canvas, 2 * rng.uniform(0.9, 1.8))
    if rng.random() < 0.6:
        h, w, c = canvas.shape
        img = canvas.reshape(h // 2, 2, w // 2, 2, c).mean(axis=(1, 3))
    else:
        img = bicubic_down(canvas).astype(np.float32)
    if rng.random() < 0.25:
        img = img + rng.uniform(0.2, 0.8) * (img - blur(img, rng.uniform(0.6, 1.4)))
    if rng.random() < 0.4:
        gain = rng.uniform(0.4, 1.0)
        img = img * gain + rng.uniform(0, 1 - gain)
    if rng.random() < 0.35:
        img = img + rng.normal(0, rng.uniform(0.2, 2.2) / 255, img.shape)
    out = to_uint8(img * 255)
    if rng.random() < 0.12:  # many published photographs were once JPEG files
        buffer = BytesIO()
        Image.fromarray(out).save(buffer, "JPEG", quality=int(rng.integers(82, 99)),
                                  subsampling=int(rng.choice([0, 2])))
        out = np.asarray(Image.open(buffer))
    return out


def make_picture(seed, size=256, kind=None):
    """One RGB picture (size, size, 3) uint8; the same seed gives the same picture."""
    rng = np.random.default_rng(seed)
    kind = kind or rng.choice(list(KINDS), p=list(KINDS.values()))
    big = 2 * size
    if kind == "leaves":
        canvas = dead_leaves(rng, big, texture_share=0.5, gain_scale=0.5)
    elif kind == "textured":
        canvas = dead_leaves(rng, big, texture_share=0.9, gain_scale=1.5)
    elif kind == "focus":
        canvas = dead_leaves(rng, big, texture_share=0.5, focus=True)
    elif kind == "fibres":
        canvas = fibres(dead_leaves(rng, big, texture_share=0.4), rng, int(rng.integers(3, 12)))
    else:
        canvas = graphics(dead_leaves(rng, big, texture_share=0.2, gain_scale=0.4), rng,
                          int(rng.integers(8, 24)))
    return camera(canvas, rng)
