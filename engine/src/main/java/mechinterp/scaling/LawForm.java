package mechinterp.scaling;

import static mechinterp.scaling.LawTerm.log;
import static mechinterp.scaling.LawTerm.one;
import static mechinterp.scaling.LawTerm.oneForEachKind;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The forms of laws that are compared. Each is a sum of power laws, L = sum over terms of exp(theta
 * . phi), so that losses are positive whatever the parameters. n is {@code d_sae}, T {@code
 * tokens}, N {@code model_params}, D {@code intrinsic_dimension}, C {@code flops}.
 */
public enum LawForm {
  /**
   * The joint form of Gao et al. 2024, <a href="https://arxiv.org/abs/2406.04093">arXiv
   * 2406.04093</a>, of one model and many tokens.
   */
  GAO_JOINT(
      "exp(a + b ln n + c ln k + g ln n ln k) + exp(z + h ln k)",
      LawTerm.of(one(), log(Covariate.D_SAE), log(Covariate.K), log(Covariate.D_SAE, Covariate.K)),
      LawTerm.of(one(), log(Covariate.K))),
  /**
   * A power law of each covariate and an irreducible error, added up: Chinchilla's form (Hoffmann
   * et al. 2022, <a href="https://arxiv.org/abs/2203.15556">arXiv 2203.15556</a>).
   */
  ADDITIVE(
      "e + A n^a + B k^b + G T^g + H N^h",
      LawTerm.of(one()),
      LawTerm.of(one(), log(Covariate.D_SAE)),
      LawTerm.of(one(), log(Covariate.K)),
      LawTerm.of(one(), log(Covariate.TOKENS)),
      LawTerm.of(one(), log(Covariate.MODEL_PARAMS))),
  /** One power law of all covariates, in which models differ by their activations' dimension. */
  DIMENSION(
      "e + A n^a k^b T^g D^h",
      LawTerm.of(one()),
      LawTerm.of(
          one(),
          log(Covariate.D_SAE),
          log(Covariate.K),
          log(Covariate.TOKENS),
          log(Covariate.INTRINSIC_DIMENSION))),
  /** One power law of all covariates; kinds share exponents and differ by a factor. */
  UNIFIED(
      "e + A[kind] n^a k^b T^g N^h",
      LawTerm.of(one()),
      LawTerm.of(
          oneForEachKind(),
          log(Covariate.D_SAE),
          log(Covariate.K),
          log(Covariate.TOKENS),
          log(Covariate.MODEL_PARAMS))),
  /**
   * The loss that so many operations reach, and so the operations that a loss needs: e + A C^-b of
   * Gao et al. 2024 with a factor for the kind and a power of the model's size. Of the least loss
   * at each cost ({@link ScalingPoints#frontier}).
   */
  COST(
      "e + A[kind] C^c N^h",
      LawTerm.of(one()),
      LawTerm.of(oneForEachKind(), log(Covariate.FLOPS), log(Covariate.MODEL_PARAMS)));

  private final String formula;

  @SuppressWarnings("ImmutableEnumChecker") // List.of immutable records
  private final List<LawTerm> terms;

  LawForm(String formula, LawTerm... terms) {
    this.formula = formula;
    this.terms = List.of(terms);
  }

  /** Returns the law as text. */
  public String formula() {
    return formula;
  }

  /** Returns its name in files. */
  public String field() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns what the loss depends on, each once. */
  public List<Covariate> covariates() {
    return terms.stream()
        .flatMap(term -> term.features().stream())
        .flatMap(feature -> feature.logs().stream())
        .distinct()
        .toList();
  }

  /**
   * Returns the points that the form is of: of costs the frontier, else all.
   *
   * @throws IllegalArgumentException when operations are needed and not known
   */
  public ScalingPoints pointsOf(ScalingPoints measured) {
    return this == COST ? measured.frontier() : measured;
  }

  List<LawTerm> terms() {
    return terms;
  }

  /** Returns whether kinds of autoencoders differ. */
  boolean dependsOnKind() {
    return terms.stream()
        .anyMatch(term -> term.features().stream().anyMatch(LawTerm.Feature::perKind));
  }

  /**
   * Returns the form of a name, whatever the case.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static LawForm of(String name) {
    return Arrays.stream(values())
        .filter(form -> form.field().equals(name.toLowerCase(Locale.ROOT).replace('-', '_')))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "form: is %s; it must be one of %s"
                    .formatted(
                        name,
                        Arrays.stream(values())
                            .map(LawForm::field)
                            .collect(Collectors.joining(", ")))));
  }
}
