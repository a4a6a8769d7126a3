"""The item models: they answer the views from pages of the store, and know no widget."""
