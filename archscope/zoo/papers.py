"""The publications that the networks come from."""

from archscope.zoo.cards import Paper

LENET = Paper(
    "LeCun et al.", "Gradient-Based Learning Applied to Document Recognition", "Proceedings of the IEEE 86(11)", 1998,
    "https://doi.org/10.1109/5.726791",
)  # fmt: skip
ALEXNET = Paper(
    "Krizhevsky, Sutskever and Hinton", "ImageNet Classification with Deep Convolutional Neural Networks", "NIPS 2012", 2012,
    "https://proceedings.neurips.cc/paper/2012/hash/c399862d3b9d6b76c8436e924a68c45b-Abstract.html",
)  # fmt: skip
ONE_WEIRD_TRICK = Paper(
    "Krizhevsky",
    "One weird trick for parallelizing convolutional neural networks",
    "arXiv",
    2014,
    "https://arxiv.org/abs/1404.5997",
)
VGG = Paper(
    "Simonyan and Zisserman", "Very Deep Convolutional Networks for Large-Scale Image Recognition", "ICLR 2015", 2014,
    "https://arxiv.org/abs/1409.1556",
)  # fmt: skip
GOOGLENET = Paper("Szegedy et al.", "Going Deeper with Convolutions", "CVPR 2015", 2014, "https://arxiv.org/abs/1409.4842")
BN_INCEPTION = Paper(
    "Ioffe and Szegedy", "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
    "ICML 2015", 2015, "https://arxiv.org/abs/1502.03167",
)  # fmt: skip
INCEPTION_V3 = Paper(
    "Szegedy et al.",
    "Rethinking the Inception Architecture for Computer Vision",
    "CVPR 2016",
    2015,
    "https://arxiv.org/abs/1512.00567",
)
RESNET = Paper("He et al.", "Deep Residual Learning for Image Recognition", "CVPR 2016", 2015, "https://arxiv.org/abs/1512.03385")
INCEPTION_V4 = Paper(
    "Szegedy et al.", "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning", "AAAI 2017", 2016,
    "https://arxiv.org/abs/1602.07261",
)  # fmt: skip
