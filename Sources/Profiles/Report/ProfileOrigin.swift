/// Where a value was written.
package enum ProfileOrigin: Sendable, Equatable {
    case file(line: Int, column: Int)
    /// An argument of the command line, such as `--set http.port`.
    case argument(String)

    func problem(in file: String, _ keyPath: String, _ message: String, nearest: String? = nil)
        -> ProfileProblem
    {
        switch self {
        case .file(let line, let column):
            ProfileProblem(
                file: file, line: line, column: column, keyPath: keyPath, message: message, nearest: nearest)
        case .argument(let name):
            ProfileProblem(file: name, keyPath: keyPath, message: message, nearest: nearest)
        }
    }
}
