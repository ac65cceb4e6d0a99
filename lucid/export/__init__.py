"""Programs that PyTorch exported: read from its files and run, without the code of the model and without PyTorch.

Where PyTorch is, `torch.export.save(torch.export.export(model, example_inputs), "model.pt2")` writes one; `load` reads it, and `save`
writes it again with the present weights. A file holds a list of operator calls as JSON, and weights as bytes: nothing in it is executed.
Lucid does not export, which takes a tracer.
"""

from lucid.export.archive import load, save
from lucid.export.graph_signature import ExportGraphSignature
from lucid.export.program import ExportedProgram

__all__ = ["ExportGraphSignature", "ExportedProgram", "load", "save"]
