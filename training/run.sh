#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Reproduce the weights, the exported model, the demo picture and the table.
#
# Training takes several commands, as in the published run: the first schedule was
# stopped at step 15000 and the second at step 10000. Each time, training continued
# from the averaged weights with a new cosine. The last command is the fine-tuning.
set -eu
cd "$(dirname "$0")"
python make_sample.py
python train.py --seed 1 --steps 50000 --stop-at 15000 --fine-steps 0 --out cache/part1.pt
python train.py --init cache/part1.pt --seed 2 --steps 30000 --stop-at 10000 --lr 1.5e-3 \
  --fine-steps 0 --threads 1 --out cache/part2.pt
python train.py --init cache/part2.pt --seed 3 --steps 8000 --lr 8e-4 --fine-steps 0 \
  --threads 1 --out cache/part3.pt
python train.py --init cache/part3.pt --seed 4 --steps 0 --fine-steps 3000 --threads 1 \
  --out cache/weights.pt
cp cache/weights.pt weights.pt
python export.py
python evaluate.py
