"""What a run that two players made is compared with, in the order in which it is told."""

PARENT, BUDGET, PARAMETERS, COST = "parent", "budget", "parameters", "cost"
EQUAL = {BUDGET: "budget", PARAMETERS: "parameters", COST: "sampling cost"}
"""What the controls have as much of as the run."""
OPPONENTS = {PARENT: "MLE as it began", **{kind: f"MLE of equal {what}" for kind, what in EQUAL.items()}}
"""How tables and sentences call them: all are maximum likelihood."""
