"""The panels of the Models page: model card, training, measurements, studies, comparison."""
