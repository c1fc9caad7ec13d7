# SPDX-License-Identifier: Apache-2.0
"""Textured dead-leaves pictures.

Dead leaves (Lee, Mumford, Huang 2001) are pictures made of random shapes that
occlude one another, with sizes drawn from a power law.  They share the edge and
scale statistics of photographs, and networks for image restoration can be
trained on them (Achddou, Gousseau, Ladjal 2021).  This file draws them on a
canvas of twice the wanted resolution; picture.py turns that into a picture.
"""
import numpy as np

TILE = 256


def texture_tile(rng, kind=None):
    """A tileable texture with zero mean and unit deviation.

    noise: power-law spectrum, possibly stretched in one direction (fur, bark);
    ridge: the same folded, which gives thin bright or dark lines (cracks, veins);
    wave: a grating bent by smooth noise (cloth, ripples).
    """
    fy = np.fft.fftfreq(TILE)[:, None] * TILE
    fx = np.fft.rfftfreq(TILE)[None, :] * TILE
    kind = kind or rng.choice(["noise", "noise", "noise", "ridge", "wave"])

    def noise(beta, stretch, angle):
        c, s = np.cos(angle), np.sin(angle)
        f = np.hypot((c * fx + s * fy) * stretch, (-s * fx + c * fy) / stretch)
        amp = np.maximum(f, 1.0) ** -beta
        amp[0, 0] = 0
        spec = amp * np.exp(2j * np.pi * rng.random(f.shape))
        out = np.fft.irfft2(spec, s=(TILE, TILE))
        return out / (out.std() + 1e-9)

    angle = rng.uniform(0, np.pi)
    stretch = np.exp(rng.uniform(0, 1.2)) if rng.random() < 0.5 else 1.0
    if kind == "wave":
        period = np.exp(rng.uniform(np.log(5), np.log(40)))
        k = np.round(TILE / period * np.array([np.cos(angle), np.sin(angle)]))
        y, x = np.mgrid[0:TILE, 0:TILE] / TILE
        phase = 2 * np.pi * (k[0] * x + k[1] * y) + rng.uniform(0, 2.5) * noise(2.0, 1.0, 0)
        tile = np.sin(phase)
        if rng.random() < 0.5:
            tile = np.tanh(rng.uniform(1, 5) * tile)
        tile = tile + rng.uniform(0, 0.4) * noise(1.0, 1.0, 0)
    else:
        tile = noise(rng.uniform(0.7, 1.9), stretch, angle)
        if kind == "ridge":
            tile = np.abs(tile) ** rng.uniform(0.4, 0.9)
        elif rng.random() < 0.25:
            tile = np.tanh(rng.uniform(1, 3) * tile)
    tile = tile - tile.mean()
    return (tile / (tile.std() + 1e-9)).astype(np.float32)


class Palette:
    """Colours of one picture: a few clusters, contrasts with heavy tails.

    Neighbouring things in photographs mostly differ little and sometimes a lot,
    so luminance is a cluster centre plus a Laplace deviation.
    """

    def __init__(self, rng):
        self.rng = rng
        n = rng.integers(2, 6)
        self.centres = rng.beta(1.1, 1.1, n)
        tint = rng.normal(0, 1, (n, 3))
        tint -= tint @ np.array([[0.299], [0.587], [0.114]])
        self.tints = tint * rng.uniform(0, 0.16)
        self.spread = np.exp(rng.uniform(np.log(0.03), np.log(0.25)))

    def pick(self):
        rng = self.rng
        i = rng.integers(len(self.centres))
        level = self.centres[i] + rng.laplace(0, self.spread)
        jitter = rng.normal(0, 0.03, 3)
        return np.clip(level + self.tints[i] + jitter, 0, 1).astype(np.float32)


def paint_leaf(canvas, rng, x, y, r, colour, tex, tex_gain, soft):
    """Paint one shape, antialiased, onto the canvas (all in canvas pixels)."""
    h, w, _ = canvas.shape
    aspect = np.exp(rng.uniform(0, 1.1)) if rng.random() < 0.6 else 1.0
    a, b = r * np.sqrt(aspect), r / np.sqrt(aspect)
    reach = 1.45 * max(a, b) + soft + 1
    x0, x1 = max(0, int(x - reach)), min(w, int(x + reach) + 2)
    y0, y1 = max(0, int(y - reach)), min(h, int(y + reach) + 2)
    if x0 >= x1 or y0 >= y1:
        return
    angle = rng.uniform(0, np.pi)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    dx = np.arange(x0, x1, dtype=np.float32)[None] - np.float32(x)
    dy = np.arange(y0, y1, dtype=np.float32)[:, None] - np.float32(y)
    u, v = (c * dx + s * dy) / np.float32(a), (c * dy - s * dx) / np.float32(b)
    shape = rng.random()
    if shape < 0.55 or r < 5:
        d = np.sqrt(u * u + v * v)
    elif shape < 0.75:
        d = np.maximum(np.abs(u), np.abs(v))
    elif shape < 0.85:
        d = np.maximum(np.abs(u) * 0.87 + v * 0.5, -v) * 1.3
    else:
        d = np.sqrt(u * u + v * v)
        theta = np.arctan2(v, u)
        wob = 1.0
        for k in (2, 3, 5):
            wob = wob + rng.normal(0, 0.12) * np.cos(k * theta + rng.uniform(0, 6.3))
        d = d / np.clip(wob, 0.5, 1.4)
    alpha = np.clip((1 - d) * (min(a, b) / soft) + 0.5, 0, 1)[..., None]
    fill = colour
    if r >= 5:
        shade = rng.normal(0, 0.07) * u + rng.normal(0, 0.07) * v
        if tex is not None:
            oy, ox = rng.integers(0, TILE, 2)
            rows = (np.arange(y0, y1) + oy) % TILE
            cols = (np.arange(x0, x1) + ox) % TILE
            shade = shade + np.float32(tex_gain) * tex[rows[:, None], cols[None, :]]
        tone = 0.6 + 0.4 * (colour / (colour.max() + 1e-3))
        fill = colour + shade[..., None] * tone
    part = canvas[y0:y1, x0:x1]
    part += alpha * (fill - part)


def dead_leaves(rng, size, texture_share=0.5, gain_scale=1.0, focus=False):
    """An RGB canvas (size, size, 3), roughly in 0..1, covered by leaves.

    With focus=True every leaf gets its own edge softness, as things before and
    behind the focal plane have.
    """
    palette = Palette(rng)
    tiles = [texture_tile(rng) for _ in range(5)]
    canvas = np.empty((size, size, 3), dtype=np.float32)
    canvas[:] = palette.pick()
    canvas += 0.06 * np.tile(tiles[0], (size // TILE + 1,) * 2)[:size, :size, None]
    r_min = np.exp(rng.uniform(np.log(2.5), np.log(40)))
    r_max = size * rng.uniform(0.15, 0.6)
    mean_area = 2 * np.pi * r_min**2 * np.log(r_max / r_min)
    count = int(min(2600, 3.0 * size * size / mean_area))
    radii = r_min / np.sqrt(1 - rng.random(count) * (1 - (r_min / r_max) ** 2))
    for r in radii:
        x, y = rng.uniform(-0.1 * size, 1.1 * size, 2)
        tex, gain = None, 0.0
        if rng.random() < texture_share:
            tex = tiles[rng.integers(len(tiles))]
            gain = gain_scale * np.exp(rng.normal(np.log(0.04), 0.7))
        soft = 1.0
        if focus:
            soft = np.exp(rng.uniform(0, np.log(10)))
        elif rng.random() < 0.2:
            soft = rng.uniform(1, 6)
        paint_leaf(canvas, rng, x, y, r, palette.pick(), tex, min(gain, 0.3), soft)
    return canvas
