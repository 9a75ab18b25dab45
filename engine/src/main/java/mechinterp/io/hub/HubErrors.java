package mechinterp.io.hub;

import mechinterp.io.hub.HubException.Problem;

/** What the hub means when it refuses, in a line that says what to do. */
final class HubErrors {
  private HubErrors() {}

  /**
   * Returns the exception for an answer that is not the one that was asked for.
   *
   * @param label what was asked for
   */
  static HubException of(String label, HubAnswer answer) {
    String code = answer.header("X-Error-Code").orElse("");
    return switch (code) {
      case "RepoNotFound" -> noRepository(label, answer);
      case "RevisionNotFound" ->
          new HubException(
              Problem.REVISION_NOT_FOUND, label + ": the hub has no such branch, tag or commit");
      case "EntryNotFound" ->
          new HubException(Problem.FILE_NOT_FOUND, label + ": the repository has no such file");
      case "GatedRepo" -> gated(label);
      default -> byStatus(label, answer);
    };
  }

  private static HubException byStatus(String label, HubAnswer answer) {
    return switch (answer.status()) {
      case 401 ->
          new HubException(
              Problem.NOT_AUTHORIZED,
              label
                  + ": the hub does not know you (401): there is no such repository, or it is private, or the token is wrong; set HF_TOKEN to a token that may read it"
                  + said(answer));
      case 403 ->
          new HubException(
              Problem.NOT_AUTHORIZED,
              label
                  + ": your token may not read it (403); set HF_TOKEN to one that may"
                  + said(answer));
      case 404 -> noRepository(label, answer);
      case 429 -> HubHttp.tooManyRequests(answer);
      default ->
          new HubException(
              Problem.UNREACHABLE,
              "%s: %s answers %d; 200 was expected%s"
                  .formatted(
                      label, HubHttp.withoutQuery(answer.uri()), answer.status(), said(answer)));
    };
  }

  private static HubException noRepository(String label, HubAnswer answer) {
    return new HubException(
        Problem.REPOSITORY_NOT_FOUND,
        "%s: not on the hub (%d), or private; for a private one set HF_TOKEN"
            .formatted(label, answer.status()));
  }

  private static HubException gated(String label) {
    return new HubException(
        Problem.GATED,
        label
            + ": its owner grants access first; ask for it on the model's page of the hub, then set HF_TOKEN");
  }

  private static String said(HubAnswer answer) {
    return answer.header("X-Error-Message").map(message -> "; it says: " + message).orElse("");
  }
}
