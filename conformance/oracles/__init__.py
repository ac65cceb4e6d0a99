"""Who is right.

The contract is PyTorch in the same dtype: that oracle is simply the adapter subjects/torch.py. The truth is another
matter and lives here: truth.py, in double precision or in ball arithmetic.
"""
