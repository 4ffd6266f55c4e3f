"""The user's model as native code: traced once to an expression graph, compiled from it."""
