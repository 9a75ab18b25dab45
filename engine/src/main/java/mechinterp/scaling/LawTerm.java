package mechinterp.scaling;

import java.util.List;

/**
 * One summand of a law: exp(theta . phi), a power law in its covariates.
 *
 * @param features phi
 */
record LawTerm(List<Feature> features) {
  /**
   * The product of the logarithms of some covariates; of none it is 1.
   *
   * @param logs whose logarithms are multiplied
   * @param perKind whether each kind of autoencoder has a parameter of its own
   */
  record Feature(List<Covariate> logs, boolean perKind) {
    double value(ScalingSetting setting) {
      double product = 1;
      for (Covariate covariate : logs) {
        product *= setting.log(covariate);
      }
      return product;
    }
  }

  static LawTerm of(Feature... features) {
    return new LawTerm(List.of(features));
  }

  static Feature one() {
    return log();
  }

  static Feature oneForEachKind() {
    return new Feature(List.of(), true);
  }

  static Feature log(Covariate... covariates) {
    return new Feature(List.of(covariates), false);
  }
}
