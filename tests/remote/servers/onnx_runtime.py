"""A runtime for MLServer: a model of ONNX Runtime. `parameters.uri` of its model-settings.json names the file."""

import asyncio

import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.errors import InferenceError
from mlserver.types import InferenceResponse, MetadataTensor
from mlserver.utils import get_model_uri

DATATYPES = {"tensor(float)": "FP32"}


def metadata_of(ports):
    """Sizes that are free have names in ONNX, and are -1 in the protocol."""
    return [
        MetadataTensor(
            name=port.name,
            datatype=DATATYPES[port.type],
            shape=[size if isinstance(size, int) else -1 for size in port.shape],
        )
        for port in ports
    ]


class OnnxModel(MLModel):
    async def load(self):
        # Relative to the file that names it.
        path = await get_model_uri(self.settings)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.inputs = metadata_of(self.session.get_inputs())
        self.outputs = metadata_of(self.session.get_outputs())
        return True

    async def predict(self, payload):
        feeds = {each.name: NumpyCodec.decode_input(each) for each in payload.inputs}
        # In a thread: the server goes on answering whether it is alive.
        try:
            results = await asyncio.to_thread(self.session.run, None, feeds)
        except Exception as error:
            raise InferenceError(str(error)) from error
        names = [port.name for port in self.session.get_outputs()]
        outputs = [NumpyCodec.encode_output(name, result) for name, result in zip(names, results)]
        return InferenceResponse(id=payload.id, model_name=self.name, outputs=outputs)
