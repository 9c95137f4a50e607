"""People whose voices are kept: a store of embeddings, and who of them is speaking."""
