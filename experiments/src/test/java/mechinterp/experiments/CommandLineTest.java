package mechinterp.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class CommandLineTest {

  @Test
  void noCommandIsOneLineThatNamesTheCommands() {
    Execution execution = Execution.of();
    execution.assertRefused("no command given; choose one of ");
    assertTrue(execution.err().contains("doctor"), execution.err());
  }

  @Test
  void anUnknownOptionIsRefusedWithTheHelpToRead() {
    Execution.of("doctor", "--jso").assertRefused("'--jso'", "mechinterp doctor --help");
  }

  @Test
  void everyCommandHasHelp() {
    Execution help = Execution.of("doctor", "--help");
    assertEquals(0, help.exitCode());
    assertTrue(help.out().contains("--json"), help.out());
  }

  @Test
  void doctorPrintsOneJsonObjectAndNothingElse() throws Exception {
    Execution doctor = Execution.of("doctor", "--json");
    assertEquals(0, doctor.exitCode());
    assertEquals("", doctor.err());
    var findings = doctor.json();
    assertTrue(findings.get("cores").asInt() >= 1);
    assertTrue(findings.get("simd_bits").asInt() >= 32);
    assertTrue(findings.get("jdk").asString().startsWith("25"));
    boolean cuda = findings.get("cuda").get("available").asBoolean();
    assertEquals(!cuda, findings.get("cuda").has("reason"));
  }

  @Test
  void doctorSpeaksToPeopleToo() {
    Execution doctor = Execution.of("doctor");
    assertTrue(doctor.out().contains("device   cpu"), doctor.out());
    assertFalse(doctor.out().contains("{"));
  }

  @Test
  void doctorDescribesTheSimulatorThroughItsDriver() throws Exception {
    var cuda = Execution.of("doctor", "--device", "simulator", "--json").json().get("cuda");
    assertTrue(cuda.get("available").asBoolean());
    assertEquals("11.8", cuda.get("version").asString());
    assertEquals(
        "mechinterp simulator, 1.0 GiB, compute capability 8.0",
        cuda.get("devices").get(0).asString());
    Execution.of("doctor", "--device", "gpu")
        .assertRefused("--device: is gpu; it must be cuda or simulator");
  }
}
