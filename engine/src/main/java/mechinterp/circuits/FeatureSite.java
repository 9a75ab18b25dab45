package mechinterp.circuits;

import mechinterp.model.HookPoint;
import mechinterp.sae.Sae;

/**
 * An autoencoder of a model's activations.
 *
 * @param hook whose activations it reconstructs
 * @param sae for activations as the model makes them, on the model's device
 */
public record FeatureSite(HookPoint hook, Sae sae) {}
