import CConfinement
import Foundation
import Videos

extension SelfTest {
    /// Runs inside the confined worker.
    func run(_ reply: (WorkerReply) throws -> Void) throws -> WorkerReply {
        switch behaviour {
        case .tryEverything: break
        case .hang: while true { sleep(1) }
        case .crash: abort()
        case .spin:
            var turns = 0
            while turns >= 0 { turns &+= 1 & (turns | 1) }
        case .fillMemory: try fillMemory()
        case .longLine: try reply(.failure(MediaFailure(.corrupt, String(repeating: "x", count: 1 << 17))))
        case .foreignPath: try reply(.step(.poster(file: forbidden, width: 2, height: 2)))
        }
        return .selfTest(attempts())
    }

    private func attempts() -> [String: Int32] {
        [
            "readForbidden": attempt(forbidden, O_RDONLY),
            "writeOutside": attempt(forbidden + ".written", O_WRONLY | O_CREAT),
            "writeSource": attempt(source, O_WRONLY),
            "readSource": attempt(source, O_RDONLY),
            "writeDirectory": attempt(directory + "/allowed", O_WRONLY | O_CREAT),
            "socket": confinement_try_socket(),
            "fork": confinement_try_fork(),
            "execute": confinement_try_execute(),
            "signalParent": confinement_try_signal_parent(),
        ]
    }

    private func attempt(_ path: String, _ flags: Int32) -> Int32 {
        let file = open(path, flags, 0o600)
        guard file >= 0 else { return errno }
        close(file)
        return 0
    }

    private func fillMemory() throws {
        var blocks: [UnsafeMutableRawPointer] = []
        while let block = malloc(16 << 20) {
            memset(block, 1, 16 << 20)
            blocks.append(block)
        }
        throw MediaFailure(.outOfResources, "Memory ended after \(blocks.count) blocks.")
    }
}
