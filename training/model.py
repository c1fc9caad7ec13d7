# SPDX-License-Identifier: Apache-2.0
"""The network: luma in, luma detail for four sub-pixels out, at low resolution.

All layers run on the small picture and the last one emits the four sub-pixels
(ESPCN, Shi et al. 2016).  The output is what has to be added to plain bicubic
enlargement, so the network never has to carry the picture itself.

* The taps of the first layer sum to zero per feature.  Detail does not depend
  on absolute brightness, and it makes zero padding in the later layers harmless.
* Hidden layers compute relu(x + conv(x)).  The identity is part of the exported
  kernel, so it costs nothing when running.
* There is no normalisation layer; weights and biases are all there is.
"""
import torch
import torch.nn.functional as F
from torch import nn

CHANNELS = 24
HIDDEN = 7
FIRST = 5  # kernel of the first layer
HALO = FIRST // 2 + HIDDEN + 1  # low-resolution pixels one output can see


class Upscaler(nn.Module):
    def __init__(self, channels=CHANNELS, hidden=HIDDEN):
        super().__init__()
        self.first = nn.Conv2d(1, channels, FIRST)
        self.hidden = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1) for _ in range(hidden))
        self.last = nn.Conv2d(channels, 4, 3, padding=1)
        for conv in self.hidden:
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            conv.weight.data *= 0.5
            nn.init.zeros_(conv.bias)
        nn.init.kaiming_normal_(self.first.weight, nonlinearity="relu")
        self.first.weight.data *= 3  # its input, local contrast, is small
        nn.init.zeros_(self.first.bias)
        self.last.weight.data *= 0.1
        nn.init.zeros_(self.last.bias)
        eye = torch.zeros(channels, channels, 3, 3)
        eye[range(channels), range(channels), 1, 1] = 1.0
        self.register_buffer("eye", eye, persistent=False)

    def kernels(self):
        """Effective (weight, bias) pairs, in order, as a plain network has them."""
        w = self.first.weight
        pairs = [(w - w.mean(dim=(1, 2, 3), keepdim=True), self.first.bias)]
        pairs += [(c.weight + self.eye, c.bias) for c in self.hidden]
        return pairs + [(self.last.weight, self.last.bias)]

    def forward(self, y):
        """(B, 1, h, w) luma in 0..1 to (B, 4, h, w) detail, channel = 2*dy + dx."""
        pairs = self.kernels()
        x = F.pad(y, (FIRST // 2,) * 4, mode="replicate")
        x = F.relu(F.conv2d(x, *pairs[0]))
        for w, b in pairs[1:-1]:
            x = F.relu(F.conv2d(x, w, b, padding=1))
        return F.conv2d(x, *pairs[-1], padding=1)


def macs_per_pixel():
    """Multiply-adds per low-resolution pixel of the exported graph."""
    luma, base = 3, 5 * 5 * 3 * 12
    net = FIRST**2 * CHANNELS + HIDDEN * 9 * CHANNELS**2 + 9 * CHANNELS * 4
    return {"network": net, "luma": luma, "bicubic base": base, "total": net + luma + base}
