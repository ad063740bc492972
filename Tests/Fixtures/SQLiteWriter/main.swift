import Foundation
import Kernel
import Relational
import SQLite
import Synchronization

// Writes rows side by side, says the number of each once its write is acknowledged, and after so many kills itself
// on the spot: whatever an acknowledgement was ahead of is lost then.
// Arguments: the database file, how many writers, how many acknowledgements.

let table = SystemTable("acknowledged")
let driver = try SQLiteDriver(SQLiteDriver.Settings(path: CommandLine.arguments[1]))
let database = Database(driver: driver)
let writers = Int(CommandLine.arguments[2]) ?? 1
let last = Int(CommandLine.arguments[3]) ?? 1
let acknowledged = Atomic(0)

try await driver.write(.system) {
    try $0.script("CREATE TABLE IF NOT EXISTS acknowledged (number INTEGER PRIMARY KEY)")
}
try await withThrowingTaskGroup(of: Void.self) { group in
    for writer in 0..<writers {
        group.addTask {
            for round in 0... {
                let number = round * writers + writer
                try await database.writeSystem { try $0.insert(into: table, ["number": number]) }
                // One system call a line: what the reader has is what was acknowledged.
                FileHandle.standardOutput.write(Data("\(number)\n".utf8))
                if acknowledged.add(1, ordering: .relaxed).newValue == last { kill(getpid(), SIGKILL) }
            }
        }
    }
    try await group.waitForAll()
}
