# SPDX-License-Identifier: Apache-2.0
"""Write trained weights as a TensorFlow.js graph model.

The graph is built by hand instead of by a converter, because it is small and
because the parts around the network matter: how the border is padded, how the
colour base is made, and where the result is clipped.

    image (RGB, 0..1)
      -> mirror pad 1, twice     (repeating the edge by two; works from 1x1 up)
      -> 5x5 conv, depth to space                    = bicubic base, RGB
      -> 1x1 conv to luma -> network -> depth to space = luma detail
    upscaled = clip(base + detail, 0, 1)

Adding one value to R, G and B changes luma by that value and leaves chroma as
bicubic made it.
"""
import argparse
import base64
import json
from pathlib import Path

import numpy as np
import torch

from degrade import PHASE_TAPS
from model import HALO, Upscaler

HERE = Path(__file__).parent
FLOAT = {"type": "DT_FLOAT"}


def text(s):
    """String attributes are base64 in the JSON form of a graph."""
    return base64.b64encode(s.encode()).decode()


def shape_of(dims):
    return {"dim": [{"size": str(d)} for d in dims]}


def base_kernel():
    """5x5x3x12 kernel that interpolates each colour to its four sub-pixels."""
    k = np.zeros((5, 5, 3, 12))
    for dy in range(2):
        for dx in range(2):
            for c in range(3):
                k[:, :, c, (2 * dy + dx) * 3 + c] = np.outer(PHASE_TAPS[dy], PHASE_TAPS[dx])
    return k


class Graph:
    """Collects nodes, and weights in file order."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def node(self, name, op, inputs=(), **attr):
        entry = {"name": name, "op": op}
        if inputs:
            entry["input"] = list(inputs)
        self.nodes.append({**entry, "attr": attr})
        return name

    def const(self, name, value, dtype="float32"):
        value = np.ascontiguousarray(value, dtype=dtype)
        tf_type = {"float32": "DT_FLOAT", "int32": "DT_INT32"}[dtype]
        self.weights.append((name, value))
        return self.node(name, "Const", dtype={"type": tf_type}, value={
            "tensor": {"dtype": tf_type, "tensorShape": shape_of(value.shape)}})

    def conv(self, name, x, kernel, bias=None, relu=False, padding="SAME"):
        attr = dict(
            T=FLOAT, data_format={"s": text("NHWC")}, padding={"s": text(padding)},
            strides={"list": {"i": ["1"] * 4}}, dilations={"list": {"i": ["1"] * 4}},
            explicit_paddings={"list": {}}, use_cudnn_on_gpu={"b": True})
        inputs = [x, self.const(name + "/kernel", kernel)]
        if bias is None:
            return self.node(name, "Conv2D", inputs, **attr)
        inputs.append(self.const(name + "/bias", bias))
        ops = ["BiasAdd", "Relu"] if relu else ["BiasAdd"]
        attr.update(fused_ops={"list": {"s": [text(o) for o in ops]}},
                    num_args={"i": "1"}, epsilon={"f": 0}, leakyrelu_alpha={"f": 0.2})
        return self.node(name, "_FusedConv2D", inputs, **attr)

    def depth_to_space(self, name, x):
        return self.node(name, "DepthToSpace", [x], T=FLOAT, block_size={"i": "2"},
                         data_format={"s": text("NHWC")})


def build(net):
    g = Graph()
    pairs = [(w.detach().double().numpy().transpose(2, 3, 1, 0), b.detach().numpy())
             for w, b in net.kernels()]
    g.node("image", "Placeholder", dtype=FLOAT, shape={"shape": shape_of([-1, -1, -1, 3])})
    ring = g.const("pad/ring", [[0, 0], [1, 1], [1, 1], [0, 0]], "int32")
    x = "image"
    for name in ("pad/inner", "pad/outer"):
        x = g.node(name, "MirrorPad", [x, ring], T=FLOAT, Tpaddings={"type": "DT_INT32"},
                   mode={"s": text("SYMMETRIC")})
    base = g.depth_to_space("base", g.conv("base/subpixels", x, base_kernel(), padding="VALID"))
    y = g.conv("luma", x, np.reshape([0.299, 0.587, 0.114], (1, 1, 3, 1)), padding="VALID")
    y = g.conv("net/first", y, *pairs[0], relu=True, padding="VALID")
    for i, pair in enumerate(pairs[1:-1], 1):
        y = g.conv(f"net/hidden{i}", y, *pair, relu=True)
    y = g.depth_to_space("detail", g.conv("net/last", y, *pairs[-1]))
    total = g.node("sum", "AddV2", [base, y], T=FLOAT)
    g.node("upscaled", "ClipByValue",
           [total, g.const("clip/low", 0.0), g.const("clip/high", 1.0)], T=FLOAT)
    return g


def save(net, out):
    g = build(net)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    blob = b"".join(v.tobytes() for _, v in g.weights)
    (out / "group1-shard1of1.bin").write_bytes(blob)
    tensor = lambda name: {"name": f"{name}:0", "dtype": "DT_FLOAT",
                           "tensorShape": shape_of([-1, -1, -1, 3])}
    model = {
        "format": "graph-model",
        "generatedBy": "training/export.py",
        "convertedBy": None,
        "signature": {"inputs": {"image": tensor("image")},
                      "outputs": {"upscaled": tensor("upscaled")}},
        "userDefinedMetadata": {"scale": 2, "halo": HALO, "inputRange": [0, 1],
                                "minSize": 1, "license": "Apache-2.0"},
        "modelTopology": {"node": g.nodes, "library": {},
                          "versions": {"producer": 1882, "minConsumer": 12}},
        "weightsManifest": [{"paths": ["group1-shard1of1.bin"], "weights": [
            {"name": n, "shape": list(v.shape), "dtype": str(v.dtype)} for n, v in g.weights]}],
    }
    (out / "model.json").write_text(json.dumps(model, indent=1) + "\n")
    return len(blob)


def reference(net, image):
    """What the exported graph must return, computed by torch: NHWC float32 in and out."""
    import torch.nn.functional as F
    x = torch.from_numpy(image).permute(0, 3, 1, 2)
    kernel = torch.from_numpy(base_kernel().astype(np.float32)).permute(3, 2, 0, 1)
    sub = F.conv2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), kernel)
    n, _, h, w = sub.shape
    base = sub.reshape(n, 2, 2, 3, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, 3, 2 * h, 2 * w)
    y = (x * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    with torch.no_grad():
        total = base + F.pixel_shuffle(net(y), 2)
    return total.clamp(0, 1).permute(0, 2, 3, 1).contiguous().numpy()


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--weights", default=str(HERE / "weights.pt"))
    p.add_argument("--out", default=str(HERE.parent / "public" / "models" / "upscale-x2"))
    args = p.parse_args()
    net = Upscaler()
    net.load_state_dict(torch.load(args.weights))
    net.eval()
    size = save(net, args.out)
    # A small input and torch's answer to it, which verify.mjs compares against.
    rng = np.random.default_rng(7)
    coarse = rng.random((1, 6, 7, 3)).repeat(8, axis=1).repeat(8, axis=2)
    image = np.clip(coarse + rng.normal(0, 0.05, coarse.shape), 0, 1).astype(np.float32)
    probe = {"shape": list(image.shape), "input": image.ravel().round(6).tolist()}
    rounded = np.array(probe["input"], dtype=np.float32).reshape(image.shape)
    probe["output"] = [round(float(v), 7) for v in reference(net, rounded).ravel()]
    cache = HERE / "cache"
    cache.mkdir(exist_ok=True)
    (cache / "probe.json").write_text(json.dumps(probe))
    print(f"{sum(t.numel() for t in net.parameters())} parameters, {size} bytes, halo {HALO}")


if __name__ == "__main__":
    main()
