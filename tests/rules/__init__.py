"""The pure core, module by module: tables of hostile input and properties over all input."""
