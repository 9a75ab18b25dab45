package mechinterp;

import static com.tngtech.archunit.lang.conditions.ArchConditions.dependOnClassesThat;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.elements.GivenClassesConjunction;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import mechinterp.tensor.FloatMatrix;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** States which package of the engine may use which, and what none of them may do. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ArchitectureTest {

  /** From the ground up: a package uses only itself and those before it. */
  private static final List<String> GROUND_UP =
      List.of(
          "tensor",
          "kernel",
          "device",
          "random",
          "nn",
          "optim",
          "io",
          "tokenizer",
          "model",
          "activation",
          "synthetic",
          "sae",
          "training",
          "metrics",
          "analysis",
          "steering",
          "circuits",
          "megabench",
          "scaling");

  private JavaClasses engine;

  @BeforeAll
  void readTheEngine() throws URISyntaxException {
    engine =
        new ClassFileImporter()
            .importPath(
                Path.of(
                    FloatMatrix.class.getProtectionDomain().getCodeSource().getLocation().toURI()));
  }

  @Test
  void everyPackageHasItsPlaceInTheOrder() {
    TreeSet<String> unplaced =
        engine.stream()
            .map(ArchitectureTest::layerOf)
            .collect(Collectors.toCollection(TreeSet::new));
    GROUND_UP.forEach(unplaced::remove);

    assertEquals(new TreeSet<>(), unplaced);
  }

  static IntStream places() {
    return IntStream.range(0, GROUND_UP.size() - 1);
  }

  @ParameterizedTest
  @MethodSource("places")
  void aPackageUsesOnlyThoseBelowIt(int place) {
    check(
        noClasses()
            .that()
            .resideInAPackage(all(GROUND_UP.get(place)))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                GROUND_UP.stream()
                    .skip(place + 1)
                    .map(ArchitectureTest::all)
                    .toArray(String[]::new)));
  }

  @Test
  void aModelKnowsNothingOfTheSaesThatReadIt() {
    check(classesIn("model").should(dependOnClassesThat(resideIn("sae"))));
  }

  @Test
  void anSaeKnowsNothingOfItsTraining() {
    check(classesIn("sae").should(dependOnClassesThat(resideIn("training"))));
  }

  @Test
  void anSaeKnowsNeitherItsObjectiveNorItsFiles() {
    for (String above : List.of("objective", "file")) {
      check(
          noClasses()
              .that()
              .resideOutsideOfPackage("mechinterp.sae." + above)
              .and()
              .resideInAPackage("mechinterp.sae..")
              .should()
              .dependOnClassesThat()
              .resideInAPackage("mechinterp.sae." + above));
    }
  }

  @Test
  void onlyKernelsUseTheVectorModule() {
    check(
        classesOutside("kernel")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("jdk.incubator.."));
  }

  @Test
  void onlyCudaAndFilesUseForeignMemory() {
    check(
        classesOutside("device.cuda", "io")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("java.lang.foreign.."));
  }

  @Test
  void onlyCudaUsesTheBindings() {
    check(classesOutside("device.cuda").should(dependOnClassesThat(resideIn("bindings"))));
  }

  @Test
  void aboveDevicesNobodyReachesIntoTheMemoryOfAMatrix() {
    check(
        classesOutside("tensor", "kernel", "device")
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("mechinterp.tensor.HostFloats")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("mechinterp.tensor.HostInts"));
  }

  @Test
  void theEngineBringsNoCommandLineNoChartsAndNoLogger() {
    check(
        noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "picocli..",
                "org.knowm..",
                "java.util.logging..",
                "org.slf4j..",
                "ch.qos.logback..",
                "org.apache.logging.."));
  }

  @Test
  void theEngineKnowsNothingOfWhatIsBuiltOnIt() {
    check(noClasses().should(dependOnClassesThat(resideIn("experiments").or(resideIn("bench")))));
  }

  @Test
  void theEngineHasNoMain() {
    check(noMethods().should().haveName("main"));
  }

  @Test
  void theEnginePrintsNothing() {
    check(NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS);
  }

  @Test
  void everyPackageIsNullMarked() {
    List<String> unmarked =
        engine.stream()
            .map(JavaClass::getPackage)
            .distinct()
            .filter(javaPackage -> !javaPackage.isAnnotatedWith(NullMarked.class))
            .map(javaPackage -> javaPackage.getName())
            .sorted()
            .toList();

    assertEquals(List.of(), unmarked);
  }

  /** Packages that are still to come must not break a rule about them. */
  private void check(ArchRule rule) {
    rule.allowEmptyShould(true).check(engine);
  }

  private static String layerOf(JavaClass javaClass) {
    String below = javaClass.getPackageName().replaceFirst("^mechinterp\\.?", "");
    return below.replaceFirst("\\..*", "");
  }

  private static GivenClassesConjunction classesIn(String layer) {
    return noClasses().that().resideInAPackage(all(layer));
  }

  private static GivenClassesConjunction classesOutside(String... layers) {
    return noClasses()
        .that()
        .resideOutsideOfPackages(
            Stream.of(layers).map(ArchitectureTest::all).toArray(String[]::new));
  }

  private static DescribedPredicate<JavaClass> resideIn(String layer) {
    return JavaClass.Predicates.resideInAPackage(all(layer));
  }

  private static String all(String layer) {
    return "mechinterp." + layer + "..";
  }
}
