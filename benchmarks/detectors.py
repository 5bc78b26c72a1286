"""Detectors of torchvision with the rows that pass told, against the multiply-accumulates that torchvision publishes.

The published figures (`_ops` of each set of weights) are of one forward on an image of noise, made by torchvision's own counter.
What the trained weights find in noise is told here: a full set of proposals, except where the first threshold is 0.05; no object,
or those that the difference in the heads' cost tells.
"""

import torch
import torchvision.models as models

from archscope.models.loading import load

# Side of the image in torchvision's own test; rows that pass in rpn and in roi_heads.
DETECTORS = {
    "fasterrcnn_mobilenet_v3_large_320_fpn": (320, "COCO_V1", 0, 0),
    "fasterrcnn_mobilenet_v3_large_fpn": (800, "COCO_V1", 0, 0),
    "fasterrcnn_resnet50_fpn": (800, "COCO_V1", 1000, 0),
    "fasterrcnn_resnet50_fpn_v2": (800, "COCO_V1", 1000, 0),
    "fcos_resnet50_fpn": (800, "COCO_V1", 0, 0),
    "keypointrcnn_resnet50_fpn": (1333, "COCO_V1", 1000, 1),
    "maskrcnn_resnet50_fpn": (800, "COCO_V1", 1000, 0),
    "maskrcnn_resnet50_fpn_v2": (800, "COCO_V1", 1000, 100),
    "retinanet_resnet50_fpn": (800, "COCO_V1", 0, 0),
    "retinanet_resnet50_fpn_v2": (800, "COCO_V1", 0, 0),
    "ssd300_vgg16": (300, "COCO_V1", 0, 0),
    "ssdlite320_mobilenet_v3_large": (320, "COCO_V1", 0, 0),
}


def main() -> None:
    torch.set_num_threads(1)
    assert set(DETECTORS) == set(models.list_models(module=models.detection))
    equal = 0
    print(f"{'':40s}{'input':>10s}{'proposals':>11s}{'objects':>9s}{'G MACs':>10s}{'published':>11s}")
    for name, (side, weights, proposals, objects) in DETECTORS.items():
        published = models.get_model_weights(name)[weights].meta["_ops"]
        model = load(f"torchvision:{name}", input=(3, side, side))
        found = round(model.trace(keep={"rpn": proposals, "roi_heads": objects}).cost.macs / 1e9, 3)
        equal += found == published
        kept = (str(proposals), str(objects)) if "rcnn" in name else ("", "")
        print(f"{name:40s}{f'{side}x{side}':>10s}{kept[0]:>11s}{kept[1]:>9s}{found:10.3f}{published:11.3f}", flush=True)
    print(f"equal to the published digits: {equal} of {len(DETECTORS)}")
