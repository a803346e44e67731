"""How the tools of a marketing team write their exports: columns, notations and the mess in them."""
