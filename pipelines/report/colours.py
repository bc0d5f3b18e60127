"""The colours of series in reports and figures, on light pages and on dark ones."""

# Blue, vermilion, green, pink, indigo, olive, wine, grey: told apart in the common forms of colour
# blindness, at a contrast of 3 or more to the page.
LIGHT = ("#0072b2", "#d55e00", "#009e73", "#c4659b", "#332288", "#8f8f2a", "#882255", "#777777")
DARK = ("#4da6e0", "#f58549", "#33cda2", "#e6a1c8", "#9c8cf0", "#c9c95c", "#d66a99", "#b0b0b0")
