import Kernel
import Logging
import MediaWorker
import Videos

extension Assembly {
    var mediaLimits: MediaLimits {
        switch profile.media {
        case .libav(let settings):
            MediaLimits(
                maximumDurationSeconds: settings.maximumDuration.inSeconds,
                maximumWidth: settings.maximumPixels.width, maximumHeight: settings.maximumPixels.height,
                preset: settings.preset.rawValue, threadsPerEncoder: settings.threadsPerEncoder,
                segmentSeconds: settings.segmentSeconds)
        }
    }

    /// `unavailable` where this process would work and the machine cannot confine its children far enough.
    func mediaEngine() throws -> any MediaEngine {
        switch profile.media {
        case .libav(let settings):
            let level = ConfinementReport.available().level
            guard !profile.roles.contains(.worker) || level >= Self.level(settings.minimumConfinement) else {
                throw Failure(
                    .unavailable, "confinement",
                    "This machine confines media workers only as far as \"\(level.rawValue)\";"
                        + " media.libav.minimumConfinement asks for \"\(settings.minimumConfinement.rawValue)\"."
                )
            }
            if profile.roles.contains(.worker) { try ScratchFolder.sweep(settings.scratch) }
            var configuration = ChildProcessMediaEngine.Configuration()
            configuration.memoryBytes = settings.memory.asInt
            configuration.fileBytes = settings.fileBytes.asInt
            configuration.stallSeconds = settings.stall.inSeconds
            configuration.transcodeDeadlineSeconds = settings.deadline.inSeconds
            configuration.minimumConfinement = Self.level(settings.minimumConfinement)
            let logger = logger
            return ChildProcessMediaEngine(configuration) { text in
                logger.warning("media worker", metadata: ["diagnostics": "\(text)"])
            }
        }
    }

    static func level(_ requirement: ConfinementRequirement) -> ConfinementLevel {
        switch requirement {
        case .none: .none
        case .limits: .limits
        case .noNetwork: .noNetwork
        case .full: .full
        }
    }
}
