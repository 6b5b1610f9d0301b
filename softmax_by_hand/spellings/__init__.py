"""How other courses write what this one asks for: by it `autograder diagnose` finds functions."""

from __future__ import annotations

from dataclasses import replace

from autograder.catalogue.spellings import Layers, Spelling, Spellings
from softmax_by_hand.spellings.layouts import LAYOUTS
from softmax_by_hand.spellings.names import FILLERS, NAMES

LAYERS = Layers(
    forward=("forward", "__call__", "call", "activate", "fprop", "feedforward", "forward_pass"),
    backward=("backward", "backprop", "bprop", "back", "backward_pass", "backpropagate"),
    slopes=tuple("gradient derivative prime grad deriv derivada derivative_function".split()),
    outputs=tuple("output outputs out A a activation result y _output salida".split()),
    inputs=tuple("dinputs dinput grad_input gradInput input_gradient dx dX dZ grad".split()),
    slope_words=frozenset(
        "derivative derivatives deriv derivate prime grad gradient gradients backward back bwd bw "
        "backprop backwards d dv der diff delta jacobian derivada derivado gradiente derivee "
        "ableitung daoshu tidu fanxiang 导数 梯度".split()
    ),
    switch=r"(?i)(is_?)?(deriv\w{0,6}|d|der|prime|grad\w{0,5}|backward)",
)
SPELLINGS = Spellings(
    exercises={
        name: replace(LAYOUTS.get(name, Spelling()), names=NAMES.get(name, ()))
        for name in {**NAMES, **LAYOUTS}
    },
    fillers=FILLERS,
    arguments={
        "h": frozenset("h eps epsilon delta dx step step_size e ep d tol small".split()),
        "strength": frozenset("strength reg lam lambda_ lambd l2 alpha reg_strength".split()),
        "scale": frozenset("scale std sigma stddev std_dev factor".split()),
        "learning_rate": frozenset("learning_rate lr eta alpha".split()),
    },
    called=tuple("__call__ forward calculate compute compute_loss f fn value".split()),
    layers=LAYERS,
    convention=": samples are columns",
)
