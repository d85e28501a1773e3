"""The developer tools of Lotura: what stands behind tools/dev."""
