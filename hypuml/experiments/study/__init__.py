"""Studies: which parts of the method help, every variant trained by the real loop, resumable.

A study is a plan (:mod:`.garden`, :mod:`.photographs`): variants, the
settings each is tuned over, and the data. Backbones do not learn in them, so that the features of
the images are computed once and a run takes seconds; training every combination of loss, length,
radius, uncertainty and calibration from pixels, three times over, would take days on a CPU.
"""
