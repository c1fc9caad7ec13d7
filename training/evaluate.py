# SPDX-License-Identifier: Apache-2.0
"""PSNR and SSIM of bicubic and of the network on held-out generated pictures.

Protocol: enlargement by two of the 8-bit bicubic reduction; result rounded to
8 bits; BT.601 luma (16..235); two pixels left out on each side; mean over
pictures.  The pictures come from the same generator with another seed, plus the
demo picture, which the generator cannot make.  They are not photographs.
"""
import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from degrade import bicubic_up, degrade, luma_bt601, psnr, ssim, to_uint8
from export import reference
from model import Upscaler
from picture import KINDS, make_picture

HERE = Path(__file__).parent


def compare(net, hr):
    """(bicubic PSNR, bicubic SSIM, network PSNR, network SSIM) of one uint8 RGB picture."""
    lr = degrade(hr)
    truth = luma_bt601(hr)
    plain = luma_bt601(to_uint8(bicubic_up(lr)))
    out = reference(net, (lr[None] / 255).astype(np.float32))[0]
    ours = luma_bt601(to_uint8(out * 255.0))
    return psnr(truth, plain), ssim(truth, plain), psnr(truth, ours), ssim(truth, ours)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--weights", default=str(HERE / "weights.pt"))
    p.add_argument("--seed", type=int, default=2000000)
    p.add_argument("--count", type=int, default=20, help="pictures per kind")
    p.add_argument("--threads", type=int, default=2)
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    net = Upscaler()
    net.load_state_dict(torch.load(args.weights))
    print("| pictures | n | bicubic PSNR / SSIM | network PSNR / SSIM | gain |")
    print("|---|---|---|---|---|")

    def row(name, rows):
        b, bs, o, os = np.mean(rows, axis=0)
        print(f"| {name} | {len(rows)} | {b:.2f} dB / {bs:.4f} | {o:.2f} dB / {os:.4f} | {o - b:+.2f} dB |")

    every = []
    for number, kind in enumerate(KINDS):
        rows = [compare(net, make_picture([args.seed, number, i], 288, kind))
                for i in range(args.count)]
        every += rows
        row(kind, rows)
    row("all of these", every)
    demo = HERE / "reference" / "sample-x2.png"
    if demo.exists():
        row("demo picture", [compare(net, np.asarray(Image.open(demo).convert("RGB")))])


if __name__ == "__main__":
    main()
