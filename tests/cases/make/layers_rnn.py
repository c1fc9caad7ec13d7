"""Recurrent layers and their wrappers: states, directions, masks, cells."""

from case_file import bools, floats, masked, tokens
from keras_case import BOTH, chain, net, whole

SEQ = floats(6, 4)
MASKED = masked(6, 4)
KINDS = ("LSTM", "GRU", "SimpleRNN")


def recurrent():
    for kind in KINDS:
        label = kind.lower()
        for name, options in [
            ("last", {}), ("seq", {"return_sequences": True}), ("back", {"go_backwards": True}),
            ("back-seq", {"go_backwards": True, "return_sequences": True}), ("nobias", {"use_bias": False}),
            ("unroll", {"unroll": True}), ("dropout", {"dropout": 0.3, "recurrent_dropout": 0.2}),
            ("act", {"activation": "relu", **({} if kind == "SimpleRNN" else {"recurrent_activation": "hard_sigmoid"})}),
            ("seq-unroll-back", {"unroll": True, "go_backwards": True, "return_sequences": True}),
        ]:
            yield chain(f"{label}-{name}", SEQ, lambda k, c=kind, o=options: [getattr(k.layers, c)(5, **o)])
        for name, options in [("last", {}), ("seq", {"return_sequences": True}), ("back", {"go_backwards": True}),
                              ("back-seq", {"go_backwards": True, "return_sequences": True}), ("zero-out", {"return_sequences": True, "zero_output_for_mask": True})]:
            yield chain(f"mask-{label}-{name}", MASKED, lambda k, c=kind, o=options: [k.layers.Masking(), getattr(k.layers, c)(5, **o)])
        yield chain(f"mask-{label}-two", MASKED, lambda k, c=kind: [
            k.layers.Masking(), getattr(k.layers, c)(5, return_sequences=True), getattr(k.layers, c)(3), k.layers.Dense(2)])
        yield chain(f"emb-{label}", tokens(6, 9), lambda k, c=kind: [
            k.layers.Embedding(9, 4, mask_zero=True), getattr(k.layers, c)(5), k.layers.Dense(2)])
        yield chain(f"td-after-{label}", SEQ, lambda k, c=kind: [
            getattr(k.layers, c)(5, return_sequences=True), k.layers.TimeDistributed(k.layers.Dense(2))])
        yield net(f"{label}-state", [SEQ], lambda k, x, c=kind: getattr(k.layers, c)(5, return_state=True)(x))
        yield net(f"{label}-state-seq", [SEQ], lambda k, x, c=kind: getattr(k.layers, c)(5, return_state=True, return_sequences=True)(x))
        yield net(f"mask-{label}-state", [MASKED], lambda k, x, c=kind: getattr(k.layers, c)(5, return_state=True, return_sequences=True)(k.layers.Masking()(x)))
        if kind == "LSTM":
            yield net("lstm-initial", [SEQ, floats(5), floats(5)], lambda k, x, h, c: k.layers.LSTM(5)(x, initial_state=[h, c]))
            yield chain("lstm-noforget", SEQ, lambda k: [k.layers.LSTM(5, unit_forget_bias=False)])
        else:
            yield net(f"{label}-initial", [SEQ, floats(5)], lambda k, x, h, c=kind: getattr(k.layers, c)(5)(x, initial_state=h))
        yield net(f"{label}-seq2seq", [SEQ, floats(5, 3)], lambda k, x, y, c=kind: _seq2seq(k, x, y, c))
    for name, options in [("last", {}), ("seq", {"return_sequences": True}), ("nobias", {"use_bias": False}), ("back", {"go_backwards": True})]:
        yield chain(f"gru-before-{name}", SEQ, lambda k, o=options: [k.layers.GRU(5, reset_after=False, **o)])
    yield chain("mask-gru-before", MASKED, lambda k: [k.layers.Masking(), k.layers.GRU(5, reset_after=False, return_sequences=True)])
    yield chain("lstm-free-steps", SEQ, lambda k: [k.layers.LSTM(5)], shape=(None, 4))
    yield chain("gru-free-steps", SEQ, lambda k: [k.layers.GRU(5, return_sequences=True)], shape=(None, 4))
    yield chain("lstm-stack", SEQ, lambda k: [k.layers.LSTM(5, return_sequences=True), k.layers.LSTM(4, return_sequences=True), k.layers.LSTM(3)])
    yield chain("conv-lstm-dense", SEQ, lambda k: [k.layers.Conv1D(5, 3), k.layers.LSTM(4), k.layers.Dense(2, activation="softmax")])


def _seq2seq(k, x, y, kind):
    _, *states = getattr(k.layers, kind)(5, return_state=True)(x)
    last = getattr(k.layers, kind)(5, return_sequences=True)(y, initial_state=states)
    return k.layers.Dense(2)(last)


def masked_states():
    data = [masked(6, 3), masked(4, 3, (4, 2, 1))]
    for kind in KINDS:
        yield net(f"mask-{kind.lower()}-seq2seq", data, lambda k, x, y, c=kind: k.layers.GlobalAveragePooling1D()(
            _seq2seq(k, k.layers.Masking()(x), k.layers.Masking()(y), c)))
    yield net("mask-bigru-initial", [masked(6, 3), floats(4), floats(4)], lambda k, x, a, b: k.layers.GlobalAveragePooling1D()(
        k.layers.Bidirectional(k.layers.GRU(4, return_sequences=True))(k.layers.Masking()(x), initial_state=[a, b])))
    yield net("mask-convlstm-initial", [floats(4, 5, 5, 1), bools(4), floats(5, 5, 2), floats(5, 5, 2)], lambda k, x, m, a, b:
        k.layers.ConvLSTM2D(2, 3, padding="same")(x, mask=m, initial_state=[a, b]))


def bidirectional():
    for kind in KINDS:
        label = kind.lower()
        for mode in ("concat", "sum", "mul", "ave", None):
            yield chain(f"bi{label}-{mode}", SEQ, lambda k, c=kind, m=mode: [k.layers.Bidirectional(getattr(k.layers, c)(3), merge_mode=m)]) if mode else \
                net(f"bi{label}-none", [SEQ], lambda k, x, c=kind: k.layers.Bidirectional(getattr(k.layers, c)(3), merge_mode=None)(x))
        yield chain(f"bi{label}-seq", SEQ, lambda k, c=kind: [k.layers.Bidirectional(getattr(k.layers, c)(3, return_sequences=True))])
        yield chain(f"mask-bi{label}-seq", MASKED, lambda k, c=kind: [k.layers.Masking(), k.layers.Bidirectional(getattr(k.layers, c)(3, return_sequences=True))])
        yield chain(f"mask-bi{label}", MASKED, lambda k, c=kind: [k.layers.Masking(), k.layers.Bidirectional(getattr(k.layers, c)(3)), k.layers.Dense(2)])
        yield chain(f"mask-bi{label}-gap", MASKED, lambda k, c=kind: [
            k.layers.Masking(), k.layers.Bidirectional(getattr(k.layers, c)(3, return_sequences=True)), k.layers.GlobalAveragePooling1D()])
        yield net(f"bi{label}-state", [SEQ], lambda k, x, c=kind: k.layers.Bidirectional(getattr(k.layers, c)(3, return_state=True))(x))
    yield chain("bi-explicit", SEQ, lambda k: [k.layers.Bidirectional(
        k.layers.LSTM(5), backward_layer=k.layers.GRU(5, go_backwards=True))])
    yield chain("bi-explicit-other-act", SEQ, lambda k: [k.layers.Bidirectional(
        k.layers.LSTM(5, return_sequences=True), backward_layer=k.layers.LSTM(5, activation="relu", go_backwards=True, return_sequences=True))])
    yield chain("bi-two", SEQ, lambda k: [k.layers.Bidirectional(k.layers.LSTM(5, return_sequences=True)), k.layers.Bidirectional(k.layers.LSTM(2))])
    yield chain("emb-bilstm", tokens(6, 9), lambda k: [
        k.layers.Embedding(9, 4, mask_zero=True), k.layers.Bidirectional(k.layers.LSTM(3)), k.layers.Dense(1, activation="sigmoid")])


def cells():
    for kind in KINDS:
        label = kind.lower()
        yield chain(f"cell-{label}", SEQ, lambda k, c=kind: [k.layers.RNN(getattr(k.layers, f"{c}Cell")(5))])
        yield chain(f"cell-{label}-seq", SEQ, lambda k, c=kind: [k.layers.RNN(getattr(k.layers, f"{c}Cell")(5), return_sequences=True, go_backwards=True)])
        yield chain(f"cells-{label}", SEQ, lambda k, c=kind: [k.layers.RNN([getattr(k.layers, f"{c}Cell")(n) for n in (5, 3)])])
        yield chain(f"cells-{label}-seq", SEQ, lambda k, c=kind: [k.layers.RNN([getattr(k.layers, f"{c}Cell")(n) for n in (5, 3)], return_sequences=True)])
        yield net(f"cells-{label}-state", [SEQ], lambda k, x, c=kind: _flat(k.layers.RNN([getattr(k.layers, f"{c}Cell")(n) for n in (5, 3)], return_state=True)(x)))
    yield chain("cells-mixed", SEQ, lambda k: [k.layers.RNN(k.layers.StackedRNNCells([k.layers.LSTMCell(5), k.layers.GRUCell(3)]))])
    yield chain("mask-cells", MASKED, lambda k: [k.layers.Masking(), k.layers.RNN([k.layers.LSTMCell(5), k.layers.LSTMCell(3)], return_sequences=True)])
    yield chain("bi-cells", SEQ, lambda k: [k.layers.Bidirectional(k.layers.RNN(k.layers.GRUCell(3)))])
    yield chain("cell-gru-before", SEQ, lambda k: [k.layers.RNN(k.layers.GRUCell(5, reset_after=False))])


def _flat(values):
    flat = []
    for value in values:
        flat += list(value) if isinstance(value, (list, tuple)) else [value]
    return flat


def convolutional():
    for rank in (1, 2, 3):
        data = floats(4, *{1: (6,), 2: (5, 6), 3: (3, 4, 3)}[rank], 2)
        for name, options in [("last", {}), ("seq", {"return_sequences": True, "padding": "same"}), ("back", {"go_backwards": True, "strides": 2}),
                              ("dil", {"dilation_rate": 2, "use_bias": False}), ("relu", {"activation": "relu", "padding": "same"})]:
            if rank == 3 and name in ("dil", "back"):
                continue
            size = 2 if rank == 3 or name == "dil" else 3
            yield chain(f"convlstm{rank}d-{name}", data, lambda k, r=rank, o=options, s=size: [getattr(k.layers, f"ConvLSTM{r}D")(3, s, **o)])
    yield net("convlstm2d-state", [floats(4, 5, 5, 2)], lambda k, x: k.layers.ConvLSTM2D(3, 3, return_state=True, padding="same")(x))


def distributed():
    yield chain("td-dense", SEQ, lambda k: [k.layers.TimeDistributed(k.layers.Dense(3))])
    yield chain("td-conv2d", floats(4, 6, 6, 2), lambda k: [k.layers.TimeDistributed(k.layers.Conv2D(3, 3)), k.layers.TimeDistributed(k.layers.Flatten()), k.layers.LSTM(3)])
    yield chain("td-pool", floats(4, 6, 6, 2), lambda k: [k.layers.TimeDistributed(k.layers.MaxPooling2D()), k.layers.TimeDistributed(k.layers.GlobalAveragePooling2D())])
    yield chain("td-lstm", floats(4, 5, 3), lambda k: [k.layers.TimeDistributed(k.layers.LSTM(3))])
    yield chain("td-model", floats(4, 6), lambda k: [k.layers.TimeDistributed(k.Sequential([k.layers.Input((6,)), k.layers.Dense(4, activation="relu"), k.layers.Dense(2)]))])
    yield chain("td-bn", SEQ, lambda k: [k.layers.TimeDistributed(k.layers.BatchNormalization())])


def stateful():
    def build(k, kind):
        if k.__name__.startswith("tf_keras"):
            first = k.layers.Input(batch_shape=(3, 6, 4))
        else:
            first = k.layers.Input(batch_shape=(3, 6, 4))
        return k.Model(first, getattr(k.layers, kind)(5, stateful=True)(first))

    for kind in KINDS:
        yield whole(f"{kind.lower()}-stateful", [SEQ], lambda k, c=kind: build(k, c), BOTH)


def cases():
    for make in (recurrent, masked_states, bidirectional, cells, convolutional, distributed, stateful):
        yield from make()
