"""
KServe's own server with a model of ONNX Runtime behind it: what an InferenceService with a custom predictor runs.

    python kserve_server.py --model_file model.onnx --model_name upscale-x2 --http_port 8080
"""

import argparse
import asyncio
import uuid

import kserve
import kserve.model_server
import onnxruntime
from kserve import InferOutput, InferRequest, InferResponse
from kserve.protocol.rest.server import RESTServer

DATATYPES = {"tensor(float)": "FP32"}


def metadata_of(ports):
    """Sizes that are free have names in ONNX, and are -1 in the protocol."""
    return [
        {
            "name": port.name,
            "datatype": DATATYPES[port.type],
            "shape": [size if isinstance(size, int) else -1 for size in port.shape],
        }
        for port in ports
    ]


class OnnxModel(kserve.Model):
    def __init__(self, name, path, threads):
        super().__init__(name)
        self.path = path
        self.threads = threads
        self.session = None

    def load(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        self.session = onnxruntime.InferenceSession(self.path, options, providers=["CPUExecutionProvider"])
        self.ready = True
        return self.ready

    async def get_input_types(self):
        return metadata_of(self.session.get_inputs())

    async def get_output_types(self):
        return metadata_of(self.session.get_outputs())

    async def predict(self, payload: InferRequest, headers=None, response_headers=None):
        feeds = {each.name: each.as_numpy() for each in payload.inputs}
        # In a thread: the server goes on answering whether it is alive.
        try:
            results = await asyncio.to_thread(self.session.run, None, feeds)
        except Exception as error:
            raise kserve.errors.InvalidInput(str(error)) from error
        outputs = []
        for port, result in zip(self.session.get_outputs(), results):
            output = InferOutput(port.name, list(result.shape), DATATYPES[port.type])
            output.set_data_from_numpy(result, binary_data=payload.use_binary_outputs)
            outputs.append(output)
        return InferResponse(
            # Without one, KServe can't write an answer in JSON.
            response_id=payload.id or str(uuid.uuid4()),
            model_name=self.name,
            infer_outputs=outputs,
            use_binary_outputs=payload.use_binary_outputs,
            requested_outputs=payload.request_outputs,
        )


class LoopbackServer(RESTServer):
    """KServe listens on every address, as a container has to. Nothing but this machine should reach a test."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.config.host = "127.0.0.1"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(parents=[kserve.model_server.parser], add_help=False)
    parser.add_argument("--model_file", required=True)
    parser.add_argument("--threads", type=int, default=1)
    options, _ = parser.parse_known_args()
    model = OnnxModel(options.model_name, options.model_file, options.threads)
    model.load()
    kserve.model_server.RESTServer = LoopbackServer
    kserve.ModelServer(enable_grpc=False, grace_period=1).start([model])
