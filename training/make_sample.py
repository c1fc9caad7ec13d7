# SPDX-License-Identifier: Apache-2.0
"""Draw the demo picture: a made-up landscape with stripes, fine lines and text.

Writes the small picture the demo opens and, as a reference for tests, the
picture of twice the size that it was reduced from.  Nothing in it comes from a
photograph, and it is not part of the training set.
"""
import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from degrade import degrade, to_uint8

HERE = Path(__file__).parent
W, H = 960, 640
S = 2  # drawn this much larger, then averaged, so that edges are smooth


def ridge(rng, level, amount, detail):
    """A hill line: a sum of sines with falling amplitude."""
    x = np.arange(W * S) / (W * S)
    y = sum(amount / k**1.2 * np.sin(2 * np.pi * (k * x * detail + rng.random()))
            for k in range(1, 9))
    return (level + y) * H * S


def fill_below(draw, line, colour):
    points = list(zip(range(0, W * S, 2), line[::2]))
    draw.polygon([(0, H * S), *points, (W * S, line[-1]), (W * S, H * S)], fill=colour)


def sky(rng):
    top, low = np.array([58, 120, 190.0]), np.array([250, 214, 165.0])
    t = np.linspace(0, 1, H * S)[:, None, None] ** 0.8
    img = np.broadcast_to(top + (low - top) * np.clip(1.5 * t, 0, 1), (H * S, W * S, 3)).copy()
    y, x = np.mgrid[0:H * S, 0:W * S]
    glow = np.exp(-((x - 1480) ** 2 + (y - 330) ** 2) / 160.0**2)[..., None]
    img += glow * np.array([60, 40, 0.0])
    return Image.fromarray(to_uint8(img))


def balloon(image, cx, cy, r, colours, stripes):
    """Hot-air balloon with curved stripes, a net of thin ropes and a basket."""
    y, x = np.mgrid[-r:r, -r:r] / r
    inside = x**2 + y**2 <= 1
    across = np.clip(x / np.sqrt(np.maximum(1 - y**2, 1e-6)), -1, 1)
    band = np.floor((np.arcsin(across) / np.pi + 0.5) * stripes).astype(int) % len(colours)
    light = np.clip(1.05 - 0.35 * (x * 0.7 + y * 0.7), 0.5, 1.15)[..., None]
    patch = np.clip(np.array(colours, dtype=float)[band] * light, 0, 255).astype(np.uint8)
    image.paste(Image.fromarray(patch), (cx - r, cy - r),
                Image.fromarray((inside * 255).astype(np.uint8)))
    draw = ImageDraw.Draw(image)
    for k in np.linspace(-0.8, 0.8, 7):
        draw.line([(cx + k * r, cy + r * np.sqrt(1 - k * k)), (cx + k * r * 0.25, cy + r * 1.5)],
                  fill=(60, 45, 35), width=2)
    b = r * 0.24
    draw.rectangle([cx - b, cy + r * 1.5, cx + b, cy + r * 1.78], fill=(126, 84, 48))
    for k in range(5):
        yy = cy + r * (1.53 + 0.055 * k)
        draw.line([(cx - b, yy), (cx + b, yy)], fill=(84, 54, 30), width=2)


def house(draw, x, y):
    """Cottage: brick rows, tiled roof, window bars, awning stripes."""
    w, h = 380, 250
    draw.rectangle([x, y, x + w, y + h], fill=(196, 110, 84))
    for row in range(0, h, 14):
        draw.line([(x, y + row), (x + w, y + row)], fill=(226, 184, 160), width=2)
        for col in range((row // 14 % 2) * 16, w, 32):
            draw.line([(x + col, y + row), (x + col, y + row + 14)], fill=(226, 184, 160), width=2)
    draw.polygon([(x - 34, y), (x + w + 34, y), (x + w - 40, y - 130), (x + 40, y - 130)],
                 fill=(78, 66, 84))
    for k in range(1, 11):
        f = k / 11
        draw.line([(x - 34 + 74 * f, y - 130 * f), (x + w + 34 - 74 * f, y - 130 * f)],
                  fill=(116, 102, 124), width=3)
    for wx in (x + 30, x + 270):
        draw.rectangle([wx, y + 54, wx + 80, y + 134], fill=(246, 240, 226))
        for i in range(3):
            for j in range(3):
                draw.rectangle([wx + 6 + 24 * i, y + 60 + 24 * j, wx + 24 + 24 * i, y + 78 + 24 * j],
                               fill=(70, 104, 132))
    draw.rectangle([x + 150, y + 110, x + 230, y + h], fill=(44, 84, 72))
    for k in range(10):
        draw.polygon([(x + 136 + 11 * k, y + 104), (x + 147 + 11 * k, y + 104),
                      (x + 144 + 13 * k - 8, y + 140), (x + 131 + 13 * k - 8, y + 140)],
                     fill=(250, 246, 238) if k % 2 else (206, 52, 56))


def lettering(draw, x, y):
    draw.rectangle([x, y, x + 430, y + 180], fill=(250, 246, 232), outline=(70, 54, 42), width=6)
    for px in (x + 50, x + 372):
        draw.rectangle([px, y + 180, px + 12, y + 330], fill=(96, 70, 48))
    for size, text, dy in ((60, "Lakeside", 8), (34, "Tiles & Halos 2x", 80),
                           (22, "fine print: 0123456789 abcdefg", 124), (16, "smaller print still, if you can read it", 152)):
        font = ImageFont.load_default(size)
        width = draw.textlength(text, font=font)
        draw.text((x + 215 - width / 2, y + dy), text, fill=(52, 44, 66), font=font)


def meadow(draw, rng):
    """Dead-leaves foreground: discs and blades, back to front, size by nearness."""
    greens = [(44, 92, 52), (70, 126, 60), (104, 150, 66), (34, 74, 58), (140, 168, 74)]
    flowers = [(232, 72, 86), (250, 196, 66), (244, 244, 250), (150, 96, 200), (240, 136, 60)]
    for k in range(2600):
        near = k / 2600
        y = H * S * (0.80 + 0.22 * near)
        x = rng.uniform(-20, W * S + 20)
        r = (3 + 16 * near) * min(2.5, (1 - rng.random()) ** -0.4)
        if rng.random() < 0.62:
            tip = (x + rng.normal(0, r), y - r * rng.uniform(2, 5))
            draw.polygon([(x - r * 0.22, y), tip, (x + r * 0.22, y)], fill=greens[rng.integers(5)])
        elif rng.random() < 0.62:
            draw.ellipse([x - r, y - r * 0.6, x + r, y + r * 0.6], fill=greens[rng.integers(5)])
        else:
            colour = flowers[rng.integers(5)]
            for a in np.arange(5) * 2 * np.pi / 5 + rng.random():
                px, py, q = x + 0.6 * r * np.cos(a), y - r + 0.6 * r * np.sin(a), 0.45 * r
                draw.ellipse([px - q, py - q, px + q, py + q], fill=colour)
            draw.ellipse([x - 0.3 * r, y - 1.3 * r, x + 0.3 * r, y - 0.7 * r], fill=(120, 74, 30))


def scene(seed):
    rng = np.random.default_rng(seed)
    image = sky(rng)
    draw = ImageDraw.Draw(image)
    draw.ellipse([1420, 270, 1540, 390], fill=(255, 244, 206))
    hills = ((0.50, 0.05, 1.4, (150, 162, 190)), (0.56, 0.04, 1.1, (112, 138, 160)),
             (0.63, 0.03, 0.8, (84, 126, 112)))
    for level, amount, detail, colour in hills:
        fill_below(draw, ridge(rng, level, amount, detail), colour)
    line = ridge(rng, 0.68, 0.015, 1.0)
    for x in rng.uniform(0, W * S, 420):  # a wood on the last slope
        h, y = rng.uniform(26, 80), line[int(x)] + rng.uniform(-6, 16)
        tone = rng.uniform(0.7, 1.2)
        for step in range(3):
            q = h * (0.34 - 0.08 * step)
            draw.polygon([(x - q, y - h * 0.28 * step), (x, y - h * (0.5 + 0.25 * step)), (x + q, y - h * 0.28 * step)],
                         fill=tuple(int(v * tone) for v in (40, 88, 66)))
    fill_below(draw, line + 8, (72, 116, 140))  # the lake
    for _ in range(700):
        y = rng.uniform(0.69, 0.84) * H * S
        x, l = rng.uniform(0, W * S), rng.uniform(20, 110)
        tone = rng.choice([(120, 166, 186), (52, 92, 118), (236, 206, 170)], p=[0.5, 0.4, 0.1])
        draw.line([(x, y), (x + l, y)], fill=tuple(int(v) for v in tone), width=int(rng.integers(2, 4)))
    fill_below(draw, ridge(rng, 0.81, 0.012, 1.3), (86, 134, 66))
    for k in range(5):  # wires and birds
        xs = np.linspace(0, W * S, 60)
        draw.line(list(zip(xs, 560 + 24 * k - 120 * (xs / (W * S) - 0.45) ** 2 * 4)), fill=(52, 56, 76), width=3)
    for _ in range(14):
        x, y, q = rng.uniform(500, 1800), rng.uniform(60, 240), rng.uniform(10, 22)
        draw.arc([x - 2 * q, y, x, y + q], 200, 340, fill=(40, 44, 64), width=3)
        draw.arc([x, y, x + 2 * q, y + q], 200, 340, fill=(40, 44, 64), width=3)
    balloon(image, 380, 280, 190, [(214, 56, 62), (250, 240, 226), (242, 170, 52)], 15)
    balloon(image, 860, 200, 96, [(54, 96, 170), (246, 246, 250)], 12)
    balloon(image, 1180, 390, 56, [(96, 160, 96), (250, 226, 120), (40, 90, 110)], 12)
    draw = ImageDraw.Draw(image)
    house(draw, 150, 800)
    lettering(draw, 1270, 760)
    for k in range(46):  # fence
        x = 560 + 15 * k
        draw.rectangle([x, 950, x + 6, 1048], fill=(246, 242, 234))
    for y in (970, 1015):
        draw.rectangle([556, y, 1252, y + 7], fill=(226, 220, 210))
    meadow(draw, rng)
    big = np.asarray(image, dtype=np.float64)
    return to_uint8(big.reshape(H, S, W, S, 3).mean(axis=(1, 3)))


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--seed", type=int, default=4)
    p.add_argument("--small", default=str(HERE.parent / "public" / "samples" / "sample.png"))
    p.add_argument("--reference", default=str(HERE / "reference" / "sample-x2.png"))
    args = p.parse_args()
    hr = scene(args.seed)
    for path, data in ((args.small, degrade(hr)), (args.reference, hr)):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(data).save(path, optimize=True)
        print(Path(path).name, data.shape, Path(path).stat().st_size, "bytes")


if __name__ == "__main__":
    main()
