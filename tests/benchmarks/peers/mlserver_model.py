"""The peer MLServer's model: a runtime of its own for the two ensembles, as MLServer's documentation has it."""

import joblib
from blended_trees import BlendedTrees
from mlserver import MLModel, types
from mlserver.codecs import NumpyCodec, NumpyRequestCodec
from mlserver.utils import get_model_uri


class Leads(MLModel):
    """Scores leads."""

    async def load(self) -> bool:
        """Load the trees."""
        self._trees = BlendedTrees(joblib.load(await get_model_uri(self._settings)))
        return True

    async def predict(self, payload: types.InferenceRequest) -> types.InferenceResponse:
        """Give the probability of each row."""
        rows = self.decode_request(payload, default_codec=NumpyRequestCodec)
        output = NumpyCodec.encode_output(name="predict", payload=self._trees.probabilities(rows))
        return types.InferenceResponse(model_name=self.name, model_version=self.version, outputs=[output])
