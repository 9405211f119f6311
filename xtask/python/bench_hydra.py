"""The lesson's model as a Hydra application: one job is one optimizer with one seed.

    bench_hydra.py --multirun hydra/launcher=joblib hydra.launcher.n_jobs=2 \\
        hydra.sweep.dir=OUT way=memory root=ROOT optimizer=sgd,adam seed=0,1 epochs=2

ROOT is the folder in which torchvision finds MNIST (`bench_hydra.py unpack DATA ROOT`
fills it). Each job trains on one thread, evaluates the test split after each epoch and
writes result.json into its folder. `way` is `memory` or `dataloader`, as in
bench_common.py; with `epochs=0` a job does everything except training.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import hydra
import torch
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from omegaconf import MISSING
from torch import nn

import bench_common as common


@dataclass
class Config:
    """Settings of one job."""

    way: str = "memory"
    root: str = MISSING
    optimizer: str = "sgd"
    seed: int = 0
    epochs: int = 2


ConfigStore.instance().store(name="config", node=Config)


# The fastest variants in memory according to `bench epoch`; the lesson uses only the plain one.
FASTEST = {"momentum": "fused", "adam": "fused"}


@hydra.main(version_base=None, config_name="config")
def main(config: Config):
    torch.set_num_threads(1)
    torch.manual_seed(config.seed)
    train, test = (common.mnist(config.root, split) for split in (True, False))
    model = common.lesson()
    way = FASTEST.get(config.optimizer, "plain") if config.way == "memory" else "plain"
    training = (model, nn.CrossEntropyLoss(), common.optimizer(config.optimizer, way, model))
    if config.way == "memory":
        samples = common.tensors(train)
        batches = [common.tensors(test)]
    else:
        samples = [common.loader(train, shuffle=True)]
        batches = common.loader(test, shuffle=False, batch=1000)
    epoch = {"memory": common.memory_epoch, "dataloader": common.dataloader_epoch}[config.way]
    losses, accuracies = [], []
    for _ in range(config.epochs):
        losses.append(epoch(*training, *samples))
        accuracies.append(common.accuracy(model, batches))
    result = {"optimizer": config.optimizer, "seed": config.seed}
    result |= {"losses": losses, "accuracies": accuracies}
    folder = Path(HydraConfig.get().runtime.output_dir)
    (folder / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    if sys.argv[1:2] == ["unpack"]:
        common.unpack(*sys.argv[2:])
    else:
        main()
