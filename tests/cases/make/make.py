"""Writes the cases: `python make.py OUT [--only REGEXP] [--kinds k2,k3h5,…] [--select FILE] [--new]`."""

import argparse
import os
import re
import sys
import traceback

from frameworks import tf  # noqa: F401
from graph_case import write_graph_case
import graphs_habits
import graphs_math
import graphs_nn
import graphs_shape
from keras_run import KINDS, write_keras_case
import layers_conv
import layers_core
import layers_ops
import layers_other
import layers_rnn

parser = argparse.ArgumentParser()
parser.add_argument("out", help="folder for the cases")
parser.add_argument("--only", default=".", help="regular expression of names")
parser.add_argument("--kinds", default="k2,k3h5,k3,g-k2,g-k3,g")
parser.add_argument("--select", help="file with a name a line: no other case is written")
parser.add_argument("--new", action="store_true", help="only cases that the folder does not have")
options = parser.parse_args()
selected = None
if options.select:
    with open(options.select, encoding="utf-8") as file:
        selected = {line.strip() for line in file}


def is_wanted(name):
    if selected is not None and name not in selected:
        return False
    if options.new and os.path.exists(os.path.join(options.out, name, "case.json")):
        return False
    return re.search(options.only, name) is not None


def attempt(name, run):
    try:
        note = run()
        if note:
            print(f"{name}: {note}".replace("\n", " "), flush=True)
        return 1
    except Exception as error:
        reason = traceback.format_exc() if "-v" in sys.argv else f"{type(error).__name__}: {error}"
        print(f"REFUSED {name}: {reason}"[:400].replace("\n", " "), flush=True)
        return 0


kinds = options.kinds.split(",")
keras_cases = [case for module in (layers_core, layers_conv, layers_rnn, layers_other, layers_ops) for case in module.cases()]
count = 0
for kind in kinds:
    if kind not in KINDS:
        continue
    for case in keras_cases:
        name = f"{kind}-{case.name}"
        if KINDS[kind][0] in case.versions and is_wanted(name):
            count += attempt(name, lambda: write_keras_case(case, kind, options.out))
if "g" in kinds:
    for module in (graphs_math, graphs_shape, graphs_nn, graphs_habits):
        for case in module.cases():
            if is_wanted(f"g-{case.name}"):
                count += attempt(f"g-{case.name}", lambda: write_graph_case(case, options.out))
print(f"{count} cases written")
