package mechinterp.experiments.run;

import java.util.List;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.Prefix;

/**
 * What parts a hybrid learns with, where they are not the defaults.
 *
 * @param nested whether the dictionary has the default prefixes; else it has none
 * @param fixedPointWeight weight of the loss that draws the encoder to the pursuit's fixed point
 * @param fixedPointShare share of a batch that this loss is taken on
 */
public record HybridSettings(boolean nested, double fixedPointWeight, double fixedPointShare) {
  HybridSaeConfig apply(HybridSaeConfig defaults) {
    HybridSaeConfig taught = defaults.withFixedPoint(fixedPointWeight, fixedPointShare);
    return nested ? taught : taught.withPrefixes(List.of(new Prefix(defaults.dSae(), 1)));
  }
}
