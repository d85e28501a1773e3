"""Many tenants side by side: what each of them holds, and who asks for what is another's."""
