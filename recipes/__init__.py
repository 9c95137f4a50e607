"""One folder per corpus: where its data come from and how it is split."""
