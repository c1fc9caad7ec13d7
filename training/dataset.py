# SPDX-License-Identifier: Apache-2.0
"""Generate picture sets and turn them into (luma, detail) training planes."""
import argparse
from functools import partial
from multiprocessing import Pool
from pathlib import Path

import numpy as np

from degrade import bicubic_up, degrade, luma
from picture import make_picture


def _one(index, seed, size):
    return make_picture([seed, index], size)


def pictures(seed, count, size=256, workers=2):
    """uint8 array (count, size, size, 3); picture i depends on (seed, i) only."""
    with Pool(workers) as pool:
        return np.stack(pool.map(partial(_one, seed=seed, size=size), range(count), chunksize=8))


def cached(path, seed, count, size=256):
    """The same, kept in a file so that a second training run need not draw them again."""
    path = Path(path)
    if path.exists():
        return np.load(path)
    data = pictures(seed, count, size)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, data)
    return data


def planes(hr):
    """One uint8 RGB picture to (low-resolution luma (h, w), detail (4, h, w)), 0..1.

    Detail is the true luma minus bicubic enlargement, sub-pixels as channels.
    """
    small = luma(degrade(hr))
    detail = (luma(hr) - bicubic_up(small, mode="edge")) / 255
    h, w = small.shape
    detail = detail.reshape(h, 2, w, 2).transpose(1, 3, 0, 2).reshape(4, h, w)
    return (small / 255).astype(np.float32), detail.astype(np.float32)


def training_planes(hr):
    with Pool(2) as pool:
        pairs = pool.map(planes, hr, chunksize=16)
    return np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="cache/train.npy")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1600)
    args = parser.parse_args()
    print(cached(args.out, args.seed, args.count).shape)
