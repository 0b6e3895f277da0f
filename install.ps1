<#
.SYNOPSIS
Installs azptu for the user who runs it, without administrator rights, and undoes it again.

.DESCRIPTION
Puts azptu on the user's PATH and adds completion to the PowerShell profile.
Running it again updates what is there. Settings and state of azptu are never touched.
Works with Windows PowerShell 5.1 and with PowerShell 7 on Windows, Linux and macOS
(on Linux and macOS, install.sh also serves bash, zsh and fish).

.PARAMETER Binary
A binary that is already built. Without it azptu is built from this checkout, which needs Go.

.PARAMETER Destination
The folder for the binary. Default: %LOCALAPPDATA%\Programs\azptu, elsewhere ~/.local/bin.

.PARAMETER NoPath
Leave PATH alone.

.PARAMETER NoCompletion
Leave the PowerShell profile alone.

.PARAMETER Uninstall
Take everything away that this script put there.

.EXAMPLE
./install.ps1

.EXAMPLE
./install.ps1 -Binary .\azptu.exe

.EXAMPLE
./install.ps1 -Uninstall
#>
[CmdletBinding()]
param(
    [string] $Binary,
    [string] $Destination,
    [switch] $NoPath,
    [switch] $NoCompletion,
    [switch] $Uninstall
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$Mark = '# added by the azptu installer'
# Windows PowerShell 5.1 has no $IsWindows and runs on Windows alone.
$OnWindows = [IO.Path]::DirectorySeparatorChar -eq '\'
$Name = if ($OnWindows) { 'azptu.exe' } else { 'azptu' }
if (-not $Destination) {
    $Destination = if ($OnWindows) {
        Join-Path $env:LOCALAPPDATA 'Programs\azptu'
    } else {
        Join-Path $HOME '.local/bin'
    }
}
$Destination = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Destination)
$Target = Join-Path $Destination $Name

# PATH is read and written unexpanded, so that entries such as %USERPROFILE%\bin stay as they are.
function Get-UserPath {
    $key = [Microsoft.Win32.Registry]::CurrentUser.OpenSubKey('Environment')
    if ($null -eq $key) { return @() }
    try {
        $value = [string] $key.GetValue('Path', '', 'DoNotExpandEnvironmentNames')
    } finally {
        $key.Dispose()
    }
    return @($value -split ';' | Where-Object { $_ })
}

function Set-UserPath([string[]] $Entries) {
    $key = [Microsoft.Win32.Registry]::CurrentUser.CreateSubKey('Environment')
    try {
        $key.SetValue('Path', ($Entries -join ';'), 'ExpandString')
    } finally {
        $key.Dispose()
    }
    # A change through .NET tells running programs that the environment is a new one.
    [Environment]::SetEnvironmentVariable('AZPTU_INSTALLER', '1', 'User')
    [Environment]::SetEnvironmentVariable('AZPTU_INSTALLER', $null, 'User')
}

function Remove-ProfileLine {
    $file = $PROFILE.CurrentUserAllHosts
    if (-not (Test-Path -LiteralPath $file)) { return }
    $lines = @(Get-Content -LiteralPath $file)
    $kept = @($lines | Where-Object { -not $_.EndsWith($Mark) })
    if ($kept.Count -eq $lines.Count) { return }
    if ($kept.Count -eq 0) {
        Remove-Item -LiteralPath $file
    } else {
        Set-Content -LiteralPath $file -Value $kept -Encoding UTF8
    }
}

function Add-ProfileLine {
    $file = $PROFILE.CurrentUserAllHosts
    Remove-ProfileLine
    $folder = Split-Path -Parent $file
    if (-not (Test-Path -LiteralPath $folder)) { New-Item -ItemType Directory -Path $folder | Out-Null }
    $quoted = "'" + $Target.Replace("'", "''") + "'"
    Add-Content -LiteralPath $file -Encoding UTF8 -Value "if (Test-Path -LiteralPath $quoted) { & $quoted completion powershell | Out-String | Invoke-Expression } $Mark"
}

function Build-Binary([string] $Output) {
    if (-not (Test-Path -LiteralPath (Join-Path $PSScriptRoot 'cmd/azptu'))) {
        throw 'No binary given and no source beside this script; use -Binary FILE.'
    }
    if (-not (Get-Command go -ErrorAction SilentlyContinue)) {
        throw 'Building needs Go (https://go.dev/dl/); or use -Binary FILE.'
    }
    Write-Host "azptu: building from $PSScriptRoot"
    $before = $env:CGO_ENABLED
    Push-Location $PSScriptRoot
    try {
        $env:CGO_ENABLED = '0'
        & go build -trimpath -ldflags '-s -w' -o $Output ./cmd/azptu
        if ($LASTEXITCODE -ne 0) { throw 'The build failed.' }
    } finally {
        $env:CGO_ENABLED = $before
        Pop-Location
    }
}

function Uninstall-Azptu {
    Remove-ProfileLine
    if ($OnWindows) {
        $entries = @(Get-UserPath)
        $kept = @($entries | Where-Object { $_.TrimEnd('\') -ne $Destination })
        if ($kept.Count -ne $entries.Count) { Set-UserPath $kept }
    }
    foreach ($file in @($Target, "$Target.old")) {
        if (Test-Path -LiteralPath $file) { Remove-Item -LiteralPath $file -Force }
    }
    if ((Test-Path -LiteralPath $Destination) -and -not (Get-ChildItem -LiteralPath $Destination -Force)) {
        Remove-Item -LiteralPath $Destination
    }
    Write-Host "azptu: removed from $Destination; settings and state were left where they are"
}

function Install-Azptu {
    $staged = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
    New-Item -ItemType Directory -Path $staged | Out-Null
    try {
        $new = Join-Path $staged $Name
        if ($Binary) {
            Copy-Item -LiteralPath $Binary -Destination $new
        } else {
            Build-Binary $new
        }
        if (-not $OnWindows) { & chmod 755 $new }
        & $new version | Out-Null
        if ($LASTEXITCODE -ne 0) { throw 'The binary does not run on this machine.' }
        if (-not (Test-Path -LiteralPath $Destination)) { New-Item -ItemType Directory -Path $Destination | Out-Null }
        # Windows does not overwrite a running program, but lets it be renamed.
        if (Test-Path -LiteralPath $Target) {
            if (Test-Path -LiteralPath "$Target.old") { Remove-Item -LiteralPath "$Target.old" -Force -ErrorAction SilentlyContinue }
            Move-Item -LiteralPath $Target -Destination "$Target.old" -Force
        }
        Move-Item -LiteralPath $new -Destination $Target
        Remove-Item -LiteralPath "$Target.old" -Force -ErrorAction SilentlyContinue
    } finally {
        Remove-Item -LiteralPath $staged -Recurse -Force -ErrorAction SilentlyContinue
    }
    if (-not $NoPath) {
        if ($OnWindows) {
            $entries = @(Get-UserPath)
            if (-not ($entries | Where-Object { $_.TrimEnd('\') -eq $Destination })) {
                Set-UserPath ($entries + $Destination)
                Write-Host 'azptu: open a new terminal, so that PATH is read again'
            }
        } elseif (($env:PATH -split ':') -notcontains $Destination) {
            Write-Host "azptu: put $Destination on PATH (install.sh does it for you)"
        }
    }
    if (-not $NoCompletion) { Add-ProfileLine }
    Write-Host "azptu: installed $Target"
}

if ($Uninstall) { Uninstall-Azptu } else { Install-Azptu }
