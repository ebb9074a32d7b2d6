import com.marcnuri.helm.Helm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Lints the chart and renders it with each file of values: `Render CHART VALUES_FOLDER OUTPUT_FOLDER`. A file whose name
 * begins with `fails-` must be refused, for the reason that its first line gives as a pattern behind `# expect: `.
 */
public class Render {
  private static boolean failed = false;

  public static void main(String[] arguments) throws Exception {
    Path chart = Path.of(arguments[0]);
    Path output = Path.of(arguments[2]);
    try (var files = Files.newDirectoryStream(Path.of(arguments[1]), "*.yaml")) {
      for (Path values : files) check(chart, values, output);
    }
    for (String message : new Helm(chart).lint().strict().call().getMessages()) {
      if (!message.startsWith("[INFO]")) fail(message);
    }
    System.out.println("Helm " + Helm.version().call());
    System.exit(failed ? 1 : 0);
  }

  private static void check(Path chart, Path values, Path output) throws Exception {
    String name = values.getFileName().toString();
    String rendered;
    try {
      rendered = new Helm(chart).template().withName("stream").withNamespace("apps").withKubeVersion("1.32.0").withValuesFile(values).call();
    } catch (RuntimeException error) {
      String reason = String.valueOf(error.getMessage());
      if (!name.startsWith("fails-")) fail(name + ": " + reason);
      else if (!expected(values).matcher(reason).find()) fail(name + " is refused for another reason: " + reason);
      return;
    }
    if (name.startsWith("fails-")) fail(name + " is rendered, and should be refused");
    Files.writeString(output.resolve(name), rendered);
  }

  private static Pattern expected(Path values) throws Exception {
    return Pattern.compile(Files.readAllLines(values).get(0).replaceFirst("^# expect: ", ""));
  }

  private static void fail(String reason) {
    failed = true;
    System.out.println(reason);
  }
}
