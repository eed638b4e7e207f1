"""Networks: a timm backbone and a head that ends in the Poincaré ball."""
