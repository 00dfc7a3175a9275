"""The layers of neural networks, by Keras's names, defaults and order of weights.

What differs from Keras: channels are the last axis always, and ``data_format`` takes no other word;
``"hard_sigmoid"`` is that of Keras 2 and TensorFlow.js; and `BatchNormalization` keeps the variance
of the batch as it is, on every device and for every rank.
"""

from __future__ import annotations

from gpukernel.nn.layers.activation import Activation
from gpukernel.nn.layers.activations import ELU, LeakyReLU, PReLU, ReLU, Softmax
from gpukernel.nn.layers.base import Layer, from_config
from gpukernel.nn.layers.batch_normalization import BatchNormalization
from gpukernel.nn.layers.conv1d import Conv1D
from gpukernel.nn.layers.conv2d import Conv2D
from gpukernel.nn.layers.conv2d_transpose import Conv2DTranspose
from gpukernel.nn.layers.dense import Dense
from gpukernel.nn.layers.depthwise_conv2d import DepthwiseConv2D
from gpukernel.nn.layers.dropout import Dropout
from gpukernel.nn.layers.embedding import Embedding
from gpukernel.nn.layers.flatten import Flatten
from gpukernel.nn.layers.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
)
from gpukernel.nn.layers.input_layer import InputLayer
from gpukernel.nn.layers.layer_normalization import LayerNormalization
from gpukernel.nn.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    MaxPooling1D,
    MaxPooling2D,
)
from gpukernel.nn.layers.reshape import Reshape
from gpukernel.nn.layers.separable_conv2d import SeparableConv2D
from gpukernel.nn.layers.up_sampling2d import UpSampling2D
from gpukernel.nn.layers.zero_padding2d import ZeroPadding2D

# Other names that Keras has for them.
Input = InputLayer
AvgPool1D, AvgPool2D = AveragePooling1D, AveragePooling2D
MaxPool1D, MaxPool2D = MaxPooling1D, MaxPooling2D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
Convolution1D, Convolution2D = Conv1D, Conv2D

__all__ = [
    "ELU",
    "Activation",
    "AveragePooling1D",
    "AveragePooling2D",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNormalization",
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Convolution1D",
    "Convolution2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "Input",
    "InputLayer",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPooling1D",
    "MaxPooling2D",
    "PReLU",
    "ReLU",
    "Reshape",
    "SeparableConv2D",
    "Softmax",
    "UpSampling2D",
    "ZeroPadding2D",
    "from_config",
]
