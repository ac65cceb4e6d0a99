"""States of models that are spread over processes, as packages ask for them in one process too."""
