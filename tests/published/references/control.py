"""Networks that act and play, restated after their papers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from published.network import Published


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = convolution(width, width), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = convolution(width, width), nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return (x + self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))).relu()


class AlphaZero(nn.Module):
    """A tower of residual blocks, with a policy and a value."""

    def __init__(self, planes: int, size: int, width: int, depth: int, moves: int) -> None:
        super().__init__()
        self.conv, self.bn = convolution(planes, width), nn.BatchNorm2d(width)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(depth)))
        self.policy, self.value = nn.Module(), nn.Module()
        for head, channels in ((self.policy, 2), (self.value, 1)):
            head.conv = nn.Conv2d(width, channels, 1, bias=False)
            head.bn = nn.BatchNorm2d(channels)
        self.policy.fc = nn.Linear(2 * size**2, moves)
        self.value.fc1, self.value.fc2 = nn.Linear(size**2, 5), nn.Linear(5, 1)

    def forward(self, board: Tensor) -> tuple[Tensor, Tensor]:
        x = self.blocks(self.bn(self.conv(board)).relu())
        policy, value = (
            head.bn(head.conv(x)).relu().flatten(1) for head in (self.policy, self.value)
        )
        return self.policy.fc(policy), self.value.fc2(self.value.fc1(value).relu()).tanh()


class DuelingDQN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(2, 3, 3, stride=2), nn.ReLU(), nn.Conv2d(3, 4, 2), nn.ReLU()
        )
        self.advantage = nn.Sequential(nn.Linear(36, 5), nn.ReLU(), nn.Linear(5, 3))
        self.value = nn.Sequential(nn.Linear(36, 5), nn.ReLU(), nn.Linear(5, 1))

    def forward(self, frames: Tensor) -> Tensor:
        h = self.features(frames).flatten(1)
        advantage = self.advantage(h)
        return self.value(h) + advantage - advantage.mean(1, keepdim=True)


class ActorCritic(nn.Module):
    def __init__(self, observations: int, actions: int, width: int) -> None:
        super().__init__()
        self.log_std = nn.Parameter(torch.zeros(actions))
        self.mlp_extractor = nn.Module()
        for name in ("policy_net", "value_net"):
            first = nn.Linear(observations, width), nn.Tanh()
            net = nn.Sequential(*first, nn.Linear(width, width), nn.Tanh())
            setattr(self.mlp_extractor, name, net)
        self.action_net, self.value_net = nn.Linear(width, actions), nn.Linear(width, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        actions = self.action_net(self.mlp_extractor.policy_net(x))
        value = self.value_net(self.mlp_extractor.value_net(x))
        return actions, self.log_std.exp().expand_as(actions), value


def convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)


NETWORKS = (
    Published(
        "AlphaZero", "Silver et al. 2017", "published/alphazero.yaml", "restated",
        lambda: AlphaZero(2, 3, 4, 2, 10), AlphaZero.__call__,
    ),
    Published(
        "Dueling DQN", "Wang et al. 2016", "published/dueling_dqn.yaml", "restated",
        DuelingDQN, DuelingDQN.__call__,
    ),
    Published(
        "Actor-critic", "Schulman et al. 2017", "published/actor_critic.yaml", "restated",
        lambda: ActorCritic(3, 2, 4), ActorCritic.__call__,
    ),
)  # fmt: skip
