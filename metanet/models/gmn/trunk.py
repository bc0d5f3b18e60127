"""The trunk: what every GMN does before its head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from metanet.backends import Backend, make_backend
from metanet.backends.backend import EdgeRule
from metanet.batch import Batch, Part
from metanet.errors import MetanetError
from metanet.models.encoder import BlockEncoder, EdgeEncoder, NodeEncoder
from metanet.models.gmn.ablation import reduce_batch, unit_parameters
from metanet.models.gmn.form import AGGREGATIONS, form_of
from metanet.models.gmn.layer import GMNLayer, States
from metanet.models.neural_graphs import KERNEL_TAPS
from metanet.models.probes import probes_of
from metanet.models.side_inputs import SideInputs, condition_encoder
from metanet.plan import plan_of
from metanet.uncompiled import uncompiled


@dataclass(frozen=True)
class TrunkOptions(SideInputs):
    """The options of a `Trunk`, with their defaults.

    - `form`: `narrow` or `paper`, the paper's; see `Trunk`.
    - `edge_hidden`: the width of edges and messages; by default half of `hidden`, up to the next
      multiple of 16, but at most `hidden`; in the paper's form all of it.
    - `taps`: `folded` (kernels up to `kernel_taps` wide are channels of one edge) or `parallel`.
    - `aggregation`: how a node collects the messages of a block: `sum`, `root`, their sum over
      the root of their number, or `mean`; blocks are summed. By default that of the form.
    - `fan_in_power`: weights are multiplied by this power of their fan-in before encoding.
    - `backend`: `block` or `pyg`; the same parameters give the same numbers.
    - `activation`: `silu` or `relu`; `norm`: whether states are normed.
    - `multiply`: messages gain (F norm(e)) * (H norm(x_source)) before the activation.
    - `global_state`: whether there is a `u`; else its terms are left out.
    - `positions`: whether input and output neurons are told apart by their place.
    - `without`: ingredients of the graph that the model is not shown, of
      `metanet.options.INGREDIENTS`; to measure what each adds.
    - `checkpoint`: computes the inner map of messages again in the backward pass: a third less
      memory for a tenth more time.
    """

    backend: str = "block"
    form: str = "narrow"
    edge_hidden: int | None = None
    taps: str = "folded"
    kernel_taps: int = KERNEL_TAPS
    aggregation: str | None = None
    fan_in_power: float = 0.5
    activation: str = "silu"
    norm: bool = True
    multiply: bool = False
    global_state: bool = True
    positions: bool = True
    without: Sequence[str] = ()
    checkpoint: bool = False


TRUNK = TrunkOptions()


class Trunk(nn.Module):
    """Encoders and layers of a GMN, after section 3 of Lim et al. (ICLR 2024).

        states = Trunk(64, 4, TrunkOptions(norm=False))(batch)

    Each layer updates every edge from its own state, its two nodes, its block and the network,
    then every node from the messages of its incoming and, apart, of its outgoing edges, then the
    network's own state:

        m = act(A norm(e) + B norm(x_source) + C norm(x_target) + MLP(block, norm(u)))
        e = e + v * m
        x = x + MLP(norm(x), norm(u), in(m), out(m))
        u = u + MLP(norm(u), nodes(norm(x), in(m), out(m)))

    In this form, `narrow`, edges and messages are half as wide as nodes, and one matrix is
    multiplied with each edge. In the form `paper` all have one width, and there are two:

        m = act(A norm(e) + B norm(x_source) + C norm(x_target) + D block + G norm(u))
        e = e + E m

    Conditions pass an MLP, which is added to the first states of nodes, and a linear map of that to
    messages.
    """

    def __init__(self, hidden: int, layers: int, options: TrunkOptions = TRUNK) -> None:
        super().__init__()
        self.options = options
        self.backend: Backend = make_backend(options.backend)
        form = form_of(options.form, hidden, options.edge_hidden)
        self.edge_hidden = form.edge_hidden
        self.taps = options.kernel_taps if options.taps == "folded" else 0
        self.without = frozenset(options.without)
        self.edge_encoder = EdgeEncoder(
            max(1, self.taps**2),
            self.edge_hidden,
            options.fan_in_power,
            "tap_coordinates" not in self.without,
            options.channels - 1,
        )
        self.block_encoder = BlockEncoder(hidden)
        self.probes = probes_of(options)
        features = options.node_features + options.probes
        self.node_encoder = NodeEncoder(hidden, options.positions, features)
        self.start = nn.Parameter(0.02 * torch.randn(hidden)) if options.global_state else None
        rule = EdgeRule(
            options.norm,
            options.activation,
            options.aggregation or AGGREGATIONS[options.form],
            options.checkpoint,
        )
        self.layers = nn.ModuleList(
            GMNLayer(
                hidden,
                form,
                rule,
                multiply=options.multiply,
                global_state=options.global_state,
                directed="direction" not in self.without,
                conditioned=options.conditions > 0,
            )
            for _ in range(layers)
        )
        self.conditions = condition_encoder(options, hidden)
        self.to_unit: nn.Linear | None = None
        if "bias_nodes" in self.without and self.edge_hidden != hidden:
            self.to_unit = nn.Linear(self.edge_hidden, hidden, bias=False)

    @property
    def answers(self) -> int:
        """The number of answers at probes; `MetanetError` without probes."""
        if self.probes is None:
            raise MetanetError(
                "`readout` has 'answers', and `probes` is 0: there are no answers to be read; set "
                "`probes` and `net`, or take 'answers' out of `readout`"
            )
        return len(self.probes.outputs) * self.probes.count

    def forward(self, batch: Batch) -> States:
        """Give the last states of edges, nodes, blocks and networks."""
        states = self.first_states(batch)
        for layer in self.layers:
            states = layer(self.backend, states)
        return states

    @uncompiled
    def first_states(self, batch: Batch) -> States:
        """Lay a batch out, and encode it; not compiled, for its Python depends on every shape."""
        answers = None
        if self.probes is not None:
            features = [self.probes(part) for part in batch.parts]
            answers = torch.cat([self.probes.answers(own) for own in features])
            pairs = zip(batch.parts, features, strict=True)
            batch = Batch(tuple(with_features(part, own) for part, own in pairs))
        seen = reduce_batch(batch, self.without)
        plan = plan_of(seen, self.taps)
        nodes = self.node_encoder(plan, seen)
        if "bias_nodes" in self.without:
            nodes = nodes + self.unit_features(batch)
        conditions = None
        if self.conditions is not None:
            conditions = torch.cat([self.conditions(part) for part in batch.parts])
            nodes = nodes + conditions[plan.node_network]
        return States(
            plan,
            self.edge_encoder(plan, seen),
            nodes,
            self.block_encoder(plan),
            None if self.start is None else self.start.expand(plan.num_networks, -1),
            conditions,
            answers,
        )

    def unit_features(self, batch: Batch) -> Tensor:
        """Give each neuron what edges from bias nodes would have brought, (num_nodes, hidden)."""
        seen = unit_parameters(batch)
        plan = plan_of(seen, self.taps)
        edges: Tensor = self.edge_encoder(plan, seen)
        if self.to_unit is not None:
            edges = self.to_unit(edges)
        edges = edges + self.block_encoder(plan)[plan.row_block].repeat_interleave(
            plan.row_edges, dim=0
        )
        return self.backend.to_target(plan, edges, "sum")


def with_features(part: Part, features: Tensor) -> Part:
    """Add features of the nodes, (networks, num_nodes, n), behind those that the part brings."""
    beside = [] if part.nodes is None else [part.nodes]
    return replace(part, nodes=torch.cat([*beside, features], dim=2))
