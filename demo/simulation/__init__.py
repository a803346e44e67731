"""How a brand's data is drawn from its truth: one file per part of the business, arrays in, arrays out, no loop over rows."""
