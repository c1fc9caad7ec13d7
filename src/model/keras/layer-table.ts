import {
  emitActivationLayer,
  emitElu,
  emitLeaky,
  emitPrelu,
  emitRelu,
  emitSoftmax,
  emitThresholdedRelu,
} from "./activation-layers.js";
import { emitGroupedQueryAttention, emitMultiHeadAttention } from "./attention.js";
import { emitBidirectional } from "./bidirectional.js";
import { emitConvLstm } from "./conv-lstm.js";
import { emitCategoryEncoding, emitDiscretization, emitHashedCrossing, emitHashing } from "./categories.js";
import { emitConv1d, emitConv2d } from "./convolutions.js";
import type { EmitLayer } from "./emit-layer.js";
import { emitDense, emitEinsumDense } from "./dense.js";
import { emitDepthwise, emitSeparable } from "./depthwise.js";
import { emitAttention } from "./dot-attention.js";
import { emitLocallyConnected } from "./locally-connected.js";
import { emitLookup } from "./lookups.js";
import { emitTensorFlowFunction } from "./functions/emit-function.js";
import { emitMasking } from "./masking.js";
import { emitAverage, emitConcatenate, emitDot, emitPairwise } from "./merging.js";
import {
  emitBatchNormalization,
  emitGroupNormalization,
  emitLayerNormalization,
  emitRmsNormalization,
  emitUnitNormalization,
} from "./normalisation.js";
import { emitCropping, emitZeroPadding } from "./padding.js";
import { emitAdaptivePool, emitGlobalPool, emitPool1d, emitPool2d, emitPool3d } from "./pooling.js";
import { emitLayerScale } from "./layer-scale.js";
import { emitAutoContrast, emitNormalization, emitRescaling } from "./preprocessing.js";
import { emitRecurrentLayer } from "./recurrent.js";
import {
  emitEmbedding,
  emitFlatten,
  emitPermute,
  emitRepeatVector,
  emitReshape,
  emitReversibleEmbedding,
  passOn,
  passOnFloats,
  passOnPixels,
} from "./reshaping.js";
import { emitCenterCrop, emitRandomCrop, emitResizing, emitUpSampling, emitUpSampling2d } from "./resizing.js";
import { emitMelSpectrogram, emitStftSpectrogram } from "./spectrograms.js";
import { emitTextVectorization } from "./text-vectorization.js";
import { emitTransposed } from "./transposed.js";
import { emitConv3d } from "./volumes.js";

/** Layers that do something only during training. */
const TRAINING_ONLY = [
  "Dropout",
  "SpatialDropout1D",
  "SpatialDropout2D",
  "SpatialDropout3D",
  "GaussianNoise",
  "GaussianDropout",
  "AlphaDropout",
  "ActivityRegularization",
  "Identity",
  ...["MixUp", "RandomColorDegeneration", "RandomColorJitter", "RandomGrayscale", "RandomHue", "RandomInvert"],
  ...["RandomPosterization", "RandomSaturation", "RandomHeight", "RandomWidth"],
];

/** Layers that change pictures only during training, but make floats of whole numbers. */
const PICTURES_IN_TRAINING = [
  ...["RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomShear", "RandomPerspective"],
  ...["AugMix", "CutMix", "RandAugment", "RandomElasticTransform", "RandomErasing", "RandomGaussianBlur"],
  ...["RandomSharpness", "Solarization", "Equalization"],
];

/** Those that in Keras 3 leave whole numbers as they are. */
const PIXELS_IN_TRAINING = ["RandomContrast", "RandomBrightness"];

/** Translates each class of Keras layer to TensorFlow nodes. A model with any other class runs as TF.js layers. */
export const LAYER_EMITTERS: ReadonlyMap<string, EmitLayer> = new Map<string, EmitLayer>([
  ["Dense", emitDense],
  ["Conv1D", emitConv1d],
  ["Conv2D", emitConv2d],
  ["Conv3D", emitConv3d],
  ["Conv1DTranspose", emitTransposed(1)],
  ["Conv2DTranspose", emitTransposed(2)],
  ["Conv3DTranspose", emitTransposed(3)],
  ["LocallyConnected1D", emitLocallyConnected(1)],
  ["LocallyConnected2D", emitLocallyConnected(2)],
  ["DepthwiseConv1D", emitDepthwise(1)],
  ["DepthwiseConv2D", emitDepthwise(2)],
  ["SeparableConv1D", emitSeparable(1)],
  ["SeparableConv2D", emitSeparable(2)],
  ["BatchNormalization", emitBatchNormalization],
  ["SyncBatchNormalization", emitBatchNormalization],
  ["LayerNormalization", emitLayerNormalization],
  ["RMSNormalization", emitRmsNormalization],
  ["GroupNormalization", emitGroupNormalization],
  ["UnitNormalization", emitUnitNormalization],
  ["MultiHeadAttention", emitMultiHeadAttention],
  ["GroupQueryAttention", emitGroupedQueryAttention],
  ["GroupedQueryAttention", emitGroupedQueryAttention],
  ["Attention", emitAttention],
  ["AdditiveAttention", emitAttention],
  ["EinsumDense", emitEinsumDense],
  ["Normalization", emitNormalization],
  ["CategoryEncoding", emitCategoryEncoding],
  ["Discretization", emitDiscretization],
  ["Hashing", emitHashing],
  ["HashedCrossing", emitHashedCrossing],
  ["IntegerLookup", emitLookup],
  ["StringLookup", emitLookup],
  ["TextVectorization", emitTextVectorization],
  ["STFTSpectrogram", emitStftSpectrogram],
  ["MelSpectrogram", emitMelSpectrogram],
  ["AutoContrast", emitAutoContrast],
  ["Rescaling", emitRescaling],
  ["LayerScale", emitLayerScale],
  ["Resizing", emitResizing],
  ["RandomCrop", emitRandomCrop],
  ["CenterCrop", emitCenterCrop],
  ["Activation", emitActivationLayer],
  ["ReLU", emitRelu],
  ["LeakyReLU", emitLeaky],
  ["PReLU", emitPrelu],
  ["ELU", emitElu],
  ["ThresholdedReLU", emitThresholdedRelu],
  ["Softmax", emitSoftmax],
  ["MaxPooling1D", emitPool1d("MaxPool")],
  ["MaxPooling2D", emitPool2d("MaxPool")],
  ["MaxPooling3D", emitPool3d("MaxPool")],
  ["AveragePooling1D", emitPool1d("AvgPool")],
  ["AveragePooling2D", emitPool2d("AvgPool")],
  ["AveragePooling3D", emitPool3d("AvgPool")],
  ["GlobalAveragePooling1D", emitGlobalPool("Mean", 3)],
  ["GlobalAveragePooling2D", emitGlobalPool("Mean", 4)],
  ["GlobalMaxPooling1D", emitGlobalPool("Max", 3)],
  ["GlobalAveragePooling3D", emitGlobalPool("Mean", 5)],
  ["GlobalMaxPooling2D", emitGlobalPool("Max", 4)],
  ["GlobalMaxPooling3D", emitGlobalPool("Max", 5)],
  ["AdaptiveAveragePooling1D", emitAdaptivePool("Mean", 1)],
  ["AdaptiveAveragePooling2D", emitAdaptivePool("Mean", 2)],
  ["AdaptiveAveragePooling3D", emitAdaptivePool("Mean", 3)],
  ["AdaptiveMaxPooling1D", emitAdaptivePool("Max", 1)],
  ["AdaptiveMaxPooling2D", emitAdaptivePool("Max", 2)],
  ["AdaptiveMaxPooling3D", emitAdaptivePool("Max", 3)],
  ["ZeroPadding1D", emitZeroPadding(1)],
  ["ZeroPadding2D", emitZeroPadding(2)],
  ["ZeroPadding3D", emitZeroPadding(3)],
  ["Cropping1D", emitCropping(1)],
  ["Cropping2D", emitCropping(2)],
  ["Cropping3D", emitCropping(3)],
  ["UpSampling1D", emitUpSampling(1)],
  ["UpSampling2D", emitUpSampling2d],
  ["UpSampling3D", emitUpSampling(3)],
  ["Flatten", emitFlatten],
  ["Reshape", emitReshape],
  ["Permute", emitPermute],
  ["RepeatVector", emitRepeatVector],
  ["Embedding", emitEmbedding],
  ["ReversibleEmbedding", emitReversibleEmbedding],
  ["Masking", emitMasking],
  ["LSTM", emitRecurrentLayer],
  ["GRU", emitRecurrentLayer],
  ["SimpleRNN", emitRecurrentLayer],
  ["RNN", emitRecurrentLayer],
  ["CuDNNLSTM", emitRecurrentLayer],
  ["CuDNNGRU", emitRecurrentLayer],
  ["Bidirectional", emitBidirectional],
  ["ConvLSTM1D", emitConvLstm],
  ["ConvLSTM2D", emitConvLstm],
  ["ConvLSTM3D", emitConvLstm],
  ["Add", emitPairwise("AddV2")],
  ["Subtract", emitPairwise("Sub")],
  ["Multiply", emitPairwise("Mul")],
  ["Maximum", emitPairwise("Maximum")],
  ["Minimum", emitPairwise("Minimum")],
  ["Average", emitAverage],
  ["Concatenate", emitConcatenate],
  ["Dot", emitDot],
  ["TFOpLambda", emitTensorFlowFunction],
  ["SlicingOpLambda", emitTensorFlowFunction],
  ...TRAINING_ONLY.map((className): [string, EmitLayer] => [className, passOn]),
  ...PICTURES_IN_TRAINING.map((className): [string, EmitLayer] => [className, passOnFloats]),
  ...PIXELS_IN_TRAINING.map((className): [string, EmitLayer] => [className, passOnPixels]),
]);
