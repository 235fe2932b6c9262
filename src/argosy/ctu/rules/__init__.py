"""Rules in CEL: one file a rule, compiled to columns, published in versions."""
