package mechinterp.sae.file;

import mechinterp.sae.Sae;

/**
 * An autoencoder read from a folder.
 *
 * @param sae the autoencoder, for activations as the model makes them
 * @param metadata what the folder says about it
 */
public record LoadedSae(Sae sae, SaeMetadata metadata) {}
