/// One thing wrong with a profile, and where.
package struct ProfileProblem: Error, Sendable, Equatable {
    /// Path of the file; `--set KEY` or `--role` where the command line is at fault.
    package let file: String
    /// From 1; 0 where the problem is not in a line.
    package let line: Int
    /// From 1, in characters; 0 where the problem is not in a line.
    package let column: Int
    /// Dotted; empty where the problem is with the file as a whole.
    package let keyPath: String
    package let message: String
    /// What was probably meant.
    package let nearest: String?

    package init(
        file: String, line: Int = 0, column: Int = 0, keyPath: String = "", message: String,
        nearest: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.keyPath = keyPath
        self.message = message
        self.nearest = nearest
    }
}

extension ProfileProblem: CustomStringConvertible {
    /// One line, such as `profiles/seed.yaml:12:3: http.prot: unknown key; did you mean "port"?`.
    package var description: String {
        var text = line > 0 ? "\(file):\(line):\(column): " : "\(file): "
        if !keyPath.isEmpty, file != "--set \(keyPath)" { text += "\(keyPath): " }
        text += message
        if let nearest { text += "; did you mean \"\(nearest)\"?" }
        return text
    }
}

/// Everything wrong with a profile, in the order of the file.
package struct ProfileProblems: Error, Sendable, Equatable {
    package let problems: [ProfileProblem]

    package init(_ problems: [ProfileProblem]) { self.problems = problems }
}

extension ProfileProblems: CustomStringConvertible {
    /// One line each.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
