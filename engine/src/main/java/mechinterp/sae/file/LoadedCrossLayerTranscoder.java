package mechinterp.sae.file;

import mechinterp.sae.CrossLayerTranscoder;

/**
 * A cross-layer transcoder read from a folder.
 *
 * @param transcoder the transcoder, for activations as the model makes them
 * @param metadata what the folder says about it
 */
public record LoadedCrossLayerTranscoder(CrossLayerTranscoder transcoder, SaeMetadata metadata) {}
