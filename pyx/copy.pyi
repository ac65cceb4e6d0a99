#: The address of the function that copies between arrays: what `core.move` calls.
arrays: int
#: The address of the function that converts contiguous elements between dtypes: what `core.cast` calls.
convert: int
